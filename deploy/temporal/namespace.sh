# Makes the namespace, once. A finished run can be looked at there for as long as its job is kept.
set -eu

if ! temporal operator namespace describe "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "${RETENTION_DAYS}d"
fi
