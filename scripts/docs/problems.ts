/** docs/problems.md: every kind of problem, what it means and what to do; a kind that is missing here does not compile. */
import type { ProblemKind } from '../../src/model/problem.ts'
import { eventOf } from '../../src/status/event.ts'

type Words = {
  readonly means: string
  readonly remedy: string
  /** What happens meanwhile. */
  readonly until: 'held' | 'served' | 'later' | 'targets'
}

const words: Readonly<Record<ProblemKind, Words>> = {
  PortClosed: {
    means:
      'A port of the Network Load Balancer in front is not open in its security group, which opens the ports of the load balancer behind.',
    remedy: 'Map a port to itself, or name security groups in `frontend-nlb-security-groups`.',
    until: 'served',
  },
  UnknownAnnotation: {
    means: 'An annotation under our prefix that nothing reads, most often a typo.',
    remedy: 'Write the name that the event suggests, or remove the annotation.',
    until: 'served',
  },
  InvalidAnnotation: {
    means: 'The value of an annotation does not parse, or is not among those allowed.',
    remedy: 'Write what the event allows, or remove the annotation.',
    until: 'held',
  },
  InvalidGroup: {
    means: 'The name of the group is not one.',
    remedy: 'Use lower case letters, digits, `-` and `.`, at most 63.',
    until: 'held',
  },
  InvalidGroupOrder: {
    means: 'The order is no whole number from -1000 to 1000.',
    remedy: 'Correct `group.order`.',
    until: 'held',
  },
  InvalidIngressClass: {
    means:
      'The IngressClass does not exist, its parameters are of another kind, or it does not admit the namespace.',
    remedy: 'Create or correct the class, label the namespace, or name another class.',
    until: 'held',
  },
  MultipleDefaultIngressClasses: {
    means: 'The Ingress names no class, and several classes are marked as the default.',
    remedy: 'Name a class, or leave the mark on one class only.',
    until: 'held',
  },
  InvalidIngressClassParams: {
    means: 'The IngressClassParams that the class names do not exist.',
    remedy: 'Create them, or remove `spec.parameters` from the class.',
    until: 'held',
  },
  InvalidBackend: {
    means: 'A backend names no Service, no port, or an action that is not annotated.',
    remedy:
      'Complete the backend, or add the annotation that the event names; where only that is missing, the path answers 503 until then.',
    until: 'held',
  },
  InvalidPath: {
    means: 'A path that its path type does not allow.',
    remedy: 'Use path type ImplementationSpecific for wildcards, or correct the path.',
    until: 'held',
  },
  TooManyValues: {
    means:
      'A path with its host and conditions asks for more than ALB takes in one rule (five values), and several rules can not say it either.',
    remedy: 'Leave out conditions, or spread them over several paths.',
    until: 'held',
  },
  RuleShadowed: {
    means: 'A path that answers no request: an earlier rule of the load balancer takes all that it could.',
    remedy:
      'Put the narrower path in an entry of `spec.rules` before the other, or its Ingress before the other with `group.order`.',
    until: 'served',
  },
  InvalidListenPorts: {
    means: 'The ports are not a list, are out of range, or a redirect leads to a port without HTTPS.',
    remedy: 'Correct `listen-ports` or `ssl-redirect`.',
    until: 'held',
  },
  ServiceMissing: {
    means: 'The Service of a backend does not exist.',
    remedy:
      'Create it, or name another. Its path answers 503 until then, unless `--tolerate-non-existent-backend-service=false`.',
    until: 'served',
  },
  ServicePortMissing: {
    means: 'The Service has no such port.',
    remedy: 'Use one of those that the event lists.',
    until: 'held',
  },
  ServiceUnusable: {
    means:
      'The Service can not be forwarded to: ExternalName, no node port for target type instance, IPv6 without dual stack.',
    remedy: 'Change the Service, or the setting that the event names.',
    until: 'held',
  },
  SubnetsNotFound: {
    means: 'No subnets fit, or those that are named do not exist or share a zone.',
    remedy:
      'Tag or name at least two subnets in different zones. The account is looked at again each minute.',
    until: 'held',
  },
  SecurityGroupsNotFound: {
    means: 'A security group that is named does not exist in the VPC.',
    remedy: 'Correct the name or id, or create the group. The account is looked at again each minute.',
    until: 'held',
  },
  CertificateNotFound: {
    means: 'No certificate of ACM is for a host of an HTTPS listener.',
    remedy:
      'Issue or import one, or name it in `certificate-arn`. The account is looked at again each minute.',
    until: 'held',
  },
  SecretUnusable: {
    means:
      'The Secret of an OpenID Connect client does not exist, lacks a key or a required label, is no text, or may not be read.',
    remedy: 'Write the Secret, or allow the controller to read it; both are noticed at once.',
    until: 'held',
  },
  TrustStoreNotFound: {
    means: 'No trust store of the region has the name that `mutual-authentication` states.',
    remedy: 'Correct the name, or create the trust store. The account is looked at again each minute.',
    until: 'held',
  },
  NamedTargetGroupNotFound: {
    means: 'No target group has the name that an action states.',
    remedy: 'Correct the name, or create the target group. The account is looked at again each minute.',
    until: 'held',
  },
  NoEffect: {
    means:
      'An annotation that does nothing where it stands: on HTTP what HTTPS alone has, on a Service what an Ingress says, for a backend that no path has, or what the class decides.',
    remedy: 'Move it to where the event says, or remove it.',
    until: 'served',
  },
  CertificatePending: {
    means:
      'ACM has not issued the certificate that an Ingress asks for: it looks for records in the DNS, or refused.',
    remedy: 'Create the records that the event names, or correct the hosts or the authority.',
    until: 'later',
  },
  WebAclNotFound: {
    means: 'A web ACL that is named does not exist in the region, or the controller may not list web ACLs.',
    remedy: 'Create it or correct the name. The account is looked at again each minute.',
    until: 'held',
  },
  AddOnUnavailable: {
    means: 'Something that is asked for beside the load balancer can not be had in this account or region.',
    remedy: 'Subscribe to it, or remove the annotation.',
    until: 'served',
  },
  Conflict: {
    means: 'Members of a group disagree on something that they share.',
    remedy:
      'Let them say the same. What AWS serves now stays, if one of them says it. Two protocols on one port hold the younger member.',
    until: 'served',
  },
  DeletionProtected: {
    means: 'The load balancer has deletion protection, and its last Ingress is being deleted.',
    remedy: 'Take the protection away; then it is deleted.',
    until: 'held',
  },
  TargetGroupMissing: {
    means: 'The target group of a binding does not exist.',
    remedy: 'Delete the binding, or name a target group that exists.',
    until: 'targets',
  },
  TargetGroupUnusable: {
    means:
      'The target group of a binding is not one that it can register in: another VPC, another target type.',
    remedy: 'Correct the binding, or name another target group.',
    until: 'targets',
  },
  EndpointsUnusable: {
    means: 'The endpoints of a Service can not be told, or are outside of what the target group takes.',
    remedy: 'See the event: it names the Service, the pod or the node.',
    until: 'targets',
  },
  NetworkInterfaceNotFound: {
    means: 'It can not be told which security group guards a target.',
    remedy: 'Tag one security group of the node with `kubernetes.io/cluster/<cluster name>`.',
    until: 'targets',
  },
  PreStopTooShort: {
    means:
      'Pods end before the load balancer has let go of them: requests fail when they leave. Told on their Service.',
    remedy:
      'Let the container that the event names sleep in preStop for as long as it says; see [targets](targets.md#leaving-without-a-failed-request).',
    until: 'served',
  },
  AwsRefused: {
    means: 'AWS refused a call.',
    remedy: 'Correct what AWS names; the event has its own words.',
    until: 'later',
  },
  AwsDenied: {
    means: 'The role of the controller may not make a call.',
    remedy:
      'Allow the IAM action that the event names. The call is made again each minute, and after each edit.',
    until: 'later',
  },
  Guarded: {
    means: 'More would be deleted than a change of class, selector or flag should delete at once.',
    remedy:
      'Undo the change, delete the Ingresses, or approve it by annotating the IngressGroup as the event says.',
    until: 'later',
  },
  ReplacementImpossible: {
    means: 'A change that AWS only makes by replacing, where the new one can not stand beside the old one.',
    remedy: 'Undo the change, or accept the downtime as the event says.',
    until: 'later',
  },
}

const meanwhile: Readonly<Record<Words['until'], string>> = {
  held: 'the Ingress is held',
  served: 'all else is served',
  later: 'the step is left out; all else goes on',
  targets: 'targets stay as they are',
}

export const problemKinds = Object.keys(words)

export const problemsPage = (): string =>
  `${[
    '# Problems',
    '',
    'Each mistake is told once, by an event on the object that has it: which field, which value, what is allowed, what to do. It is told again only after it was gone. The reason of the event is the kind, one of the headings below; `kubectl get ingressreport` shows it as well.',
    '',
    'A *held* Ingress stays as AWS serves it now: its rules, target groups, ports, certificates and tags; its pods are still followed. One that never worked changes nothing. The other members of its group go on. With `--group-failure=strict` the whole group waits, as with ALBC.',
    '',
    ...Object.entries(words).flatMap(([kind, { means, remedy, until }]) => {
      const on = { kind: 'Ingress', name: '' } as const
      const { reason } = eventOf({ kind: kind as ProblemKind, on, level: 'error', message: '', remedy: '' })
      return [
        `## ${kind}`,
        '',
        `${means} **What to do:** ${remedy}`,
        '',
        `Meanwhile ${meanwhile[until]}.${reason === kind ? '' : ` Its events have the reason \`${reason}\`, as ALBC's.`}`,
        '',
      ]
    }),
  ]
    .join('\n')
    .trimEnd()}\n`
