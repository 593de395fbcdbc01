#!/bin/sh
# Starts Caddy for the host and the path in WEBHOOK_URL, whatever its port: compose.yaml publishes HTTPS_PUBLIC as 443.
set -eu

url=${WEBHOOK_URL%/}
scheme=${url%%://*}
address=${url#*://}
address=${address%%/*}
host=${address%:*}
port=${address#"$host"}
port=${port#:}

case $scheme in
	https) usual=443 public=HTTPS_PUBLIC published=$HTTPS_PUBLIC ;;
	*) usual=80 public=HTTP_PUBLIC published=$HTTP_PUBLIC ;;
esac

SITES=$scheme://$host
if [ "${port:-$usual}" != "$usual" ]; then
	if [ "$port" = 80 ]; then
		echo "WEBHOOK_URL: write another port, Caddy needs 80 to get certificates" >&2
		exit 2
	elif [ -z "$published" ]; then
		echo "$public: write $port into .env, the port of WEBHOOK_URL" >&2
		exit 2
	fi
	# For the sandbox, which is inside.
	SITES="$SITES, $SITES:$port"
fi
WEBHOOK_PATH=${url#"$scheme://$address"}
export SITES WEBHOOK_PATH
exec caddy run --config /etc/caddy/Caddyfile --adapter caddyfile
