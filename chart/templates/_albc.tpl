{{- /* Values of ALBC's chart that say what this controller does otherwise: refused with what to write in their place. */ -}}
{{- define "albatross.albc" -}}
{{- with .Values.watchNamespace }}
{{- fail (printf "watchNamespace=%s: one namespace alone can't be served; what is served is said by IngressClass (ingressClass)" .) }}
{{- end }}
{{- with .Values.awsApiEndpoints }}
{{- fail "awsApiEndpoints: write each as a variable of the AWS SDK, for example env.AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2" }}
{{- end }}
{{- with .Values.objectSelector }}
{{- if or .matchLabels .matchExpressions }}
{{- fail "objectSelector: pods are chosen by the label of their namespace, elbv2.k8s.aws/pod-readiness-gate-inject; leave it out" }}
{{- end }}
{{- end }}
{{- range $key, $value := .Values.certManagement }}
{{- if $value }}
{{- fail (printf "certManagement.%s: write controllerConfig.featureGates.EnableCertificateManagement, and extraArgs with --default-pca-arn" $key) }}
{{- end }}
{{- end }}
{{- if and (not .Values.ingressClass) (or .Values.createIngressClassResource .Values.ingressClassParams.create) }}
{{- fail "ingressClass is empty: then createIngressClassResource and ingressClassParams.create must be false" }}
{{- end }}
{{- end -}}
