{{- define "albatross.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "albatross.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "albatross.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "albatross.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "albatross.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "albatross.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "albatross.selectorLabels" -}}
app.kubernetes.io/name: {{ include "albatross.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "albatross.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "albatross.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.additionalLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "albatross.metricsPort" -}}
{{- if .Values.metricsBindAddr -}}{{ .Values.metricsBindAddr | splitList ":" | last }}{{- else -}}{{ .Values.metricsPort }}{{- end -}}
{{- end -}}

{{- define "albatross.webhookPort" -}}{{ .Values.webhookBindPort | default 9443 }}{{- end -}}

{{- /* Not empty where any webhook is served. */ -}}
{{- define "albatross.webhooks" -}}
{{- if or .Values.enablePodReadinessGateInject .Values.enableTargetGroupBindingDefaults -}}yes{{- end -}}
{{- end -}}

{{- define "albatross.pairs" -}}
{{- $pairs := list -}}
{{- range $key, $value := . -}}
{{- $pairs = append $pairs (printf "%s=%v" $key $value) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

{{- /* The controller's arguments: a value that is not set leaves the flag to the controller. */ -}}
{{- define "albatross.args" -}}
{{- include "albatross.albc" . -}}
- --cluster-name={{ required "clusterName must be set: the name of the EKS cluster" .Values.clusterName }}
{{- with .Values.region }}
- --aws-region={{ . }}
{{- end }}
{{- with .Values.vpcId }}
- --aws-vpc-id={{ . }}
{{- end }}
{{- with .Values.vpcTags }}
- --aws-vpc-tags={{ include "albatross.pairs" . }}
{{- end }}
- --ingress-class={{ .Values.ingressClass }}
- --leader-election-namespace={{ .Release.Namespace }}
- --leader-election-id={{ include "albatross.fullname" . }}-leader
- --metrics-bind-addr=0.0.0.0:{{ include "albatross.metricsPort" . }}
- --health-probe-bind-addr=0.0.0.0:{{ .Values.healthPort }}
- --log-level={{ .Values.logLevel | default "info" }}
- --group-failure={{ .Values.groupFailure }}
- --mode={{ .Values.mode }}
- --ingress-semantics={{ .Values.ingressSemantics }}
{{- if include "albatross.webhooks" . }}
- --enable-pod-readiness-gate-inject={{ .Values.enablePodReadinessGateInject | default false }}
- --enable-targetgroupbinding-defaults={{ .Values.enableTargetGroupBindingDefaults }}
- --webhook-name={{ include "albatross.fullname" . }}-webhook
- --webhook-bind-port={{ include "albatross.webhookPort" . }}
{{- end }}
{{- with .Values.defaultTags }}
- --default-tags={{ include "albatross.pairs" . }}
{{- end }}
{{- with .Values.externalManagedTags }}
- --external-managed-tags={{ join "," . }}
{{- end }}
{{- with .Values.serviceTargetENISGTags }}
- --service-target-eni-security-group-tags={{ include "albatross.pairs" . }}
{{- end }}
{{- with .Values.controllerConfig.featureGates }}
- --feature-gates={{ include "albatross.pairs" . }}
{{- end }}
{{- with .Values.certDiscovery.allowedCertificateAuthorityARNs }}
- --allowed-certificate-authority-arns={{ join "," . }}
{{- end }}
{{- with .Values.defaultSSLPolicy }}
- --default-ssl-policy={{ . }}
{{- end }}
{{- with .Values.defaultTargetType }}
- --default-target-type={{ . }}
{{- end }}
{{- with .Values.defaultLoadBalancerScheme }}
- --default-load-balancer-scheme={{ . }}
{{- end }}
{{- with .Values.backendSecurityGroup }}
- --backend-security-group={{ . }}
{{- end }}
{{- with .Values.syncPeriod }}
- --sync-period={{ . }}
{{- end }}
{{- $set := dict
  "enable-backend-security-group" .Values.enableBackendSecurityGroup
  "enable-manage-backend-security-group-rules" .Values.enableManageBackendSecurityGroupRules
  "disable-restricted-sg-rules" .Values.disableRestrictedSecurityGroupRules
  "enable-shield" .Values.enableShield
  "enable-waf" .Values.enableWaf
  "enable-wafv2" .Values.enableWafv2
  "disable-ingress-class-annotation" .Values.disableIngressClassAnnotation
  "disable-ingress-group-name-annotation" .Values.disableIngressGroupNameAnnotation
  "tolerate-non-existent-backend-service" .Values.tolerateNonExistentBackendService
  "tolerate-non-existent-backend-action" .Values.tolerateNonExistentBackendAction
  "max-targets-per-target-group" .Values.maxTargetsPerTargetGroup
  "shards" .Values.shards
  "ingress-max-concurrent-reconciles" .Values.ingressMaxConcurrentReconciles
  "targetgroupbinding-max-concurrent-reconciles" .Values.targetgroupbindingMaxConcurrentReconciles }}
{{- range $flag, $value := $set }}
{{- if not (kindIs "invalid" $value) }}
- --{{ $flag }}={{ if kindIs "float64" $value }}{{ int64 $value }}{{ else }}{{ $value }}{{ end }}
{{- end }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . }}
{{- end }}
{{- end -}}
