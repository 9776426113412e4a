"""The Ingress of scenario `paths`, made and read with the official Python client: prints its address, its conditions, its group."""
import json
import sys

from kubernetes import client, config, watch

namespace, name, seconds = "paths", "paths", 60


def path(prefix, service):
    backend = client.V1IngressServiceBackend(name=service, port=client.V1ServiceBackendPort(number=8080))
    return client.V1HTTPIngressPath(path=prefix, path_type="Prefix", backend=client.V1IngressBackend(service=backend))


ingress = client.V1Ingress(
    metadata=client.V1ObjectMeta(
        name=name,
        annotations={
            "alb.ingress.kubernetes.io/scheme": "internet-facing",
            "alb.ingress.kubernetes.io/target-type": "ip",
        },
    ),
    spec=client.V1IngressSpec(
        ingress_class_name="aws-alb",
        rules=[
            client.V1IngressRule(
                http=client.V1HTTPIngressRuleValue(paths=[path("/tomcat", "tomcat"), path("/httpd", "httpd")])
            )
        ],
    ),
)

config.load_kube_config()
networking, custom, events = client.NetworkingV1Api(), client.CustomObjectsApi(), client.EventsV1Api()
networking.create_namespaced_ingress(namespace, ingress)


def until(look, list_call, *args):
    """What `look` finds in an object of that name, looked for whenever a watch says that it changed."""
    for event in watch.Watch().stream(list_call, *args, timeout_seconds=seconds):
        found = look(event["object"])
        if found is not None:
            return found
    sys.exit(f"nothing within {seconds} s")


def address(found):
    served = found.metadata.name == name and found.status.load_balancer.ingress
    return served[0].hostname if served else None


def conditions(found):
    told = {one["type"]: one["status"] for one in found.get("status", {}).get("conditions", [])}
    mine = found["metadata"]["name"] == name
    return told if mine and told.get("Programmed") == "True" and "TargetsHealthy" in told else None


hostname = until(address, networking.list_namespaced_ingress, namespace)
report = until(
    conditions, custom.list_namespaced_custom_object, "albatross.dev", "v1alpha1", namespace, "ingressreports"
)
read = networking.read_namespaced_ingress_status(name, namespace)
json.dump(
    {
        "hostname": hostname,
        "status": read.status.load_balancer.ingress[0].hostname,
        "finalizers": read.metadata.finalizers,
        "conditions": report,
        "groups": [
            one["status"]["address"]
            for one in custom.list_cluster_custom_object("albatross.dev", "v1alpha1", "ingressgroups")["items"]
        ],
        "bindings": len(
            custom.list_namespaced_custom_object("elbv2.k8s.aws", "v1beta1", namespace, "targetgroupbindings")["items"]
        ),
        "events": [
            one.type for one in events.list_namespaced_event(namespace).items if one.regarding.kind == "Ingress"
        ],
    },
    sys.stdout,
)
