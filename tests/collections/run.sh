#!/usr/bin/env bash
# Runs the request collections beside this file with newman, against a development server of their own.
# It needs npx, which gets newman from the npm registry, and the program: $BURSAR, or the debug build.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bursar=$(realpath "${BURSAR:-$here/../../target/debug/bursar}")

# Pinned, so that a run today and one in a year check the same.
newman=newman@6.2.2

home=$(mktemp -d)
server=
cleanup() {
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null || true
        wait "$server" || true
    fi
    rm -rf "$home"
}
trap cleanup EXIT

mkfifo "$home/banner"
(cd "$home" && exec "$bursar" serve --dev --listen 127.0.0.1:0 >"$home/banner" 2>"$home/log") &
server=$!
# The banner is one line of JSON; without one, the server did not start.
read -r banner <"$home/banner" || { cat "$home/log" >&2; exit 1; }

of_banner() { node -e 'console.log(process.argv[2].split("/").reduce((value, name) => value[name], JSON.parse(process.argv[1])))' "$banner" "$1"; }

failed=0
for dialect in b2core midaz; do
    npx --yes "$newman" run "$here/$dialect.postman_collection.json" --reporters cli --color off "$@" \
        --env-var "baseUrl=$(of_banner "apis/$dialect/0")" --env-var "token=$(of_banner token)" \
        --env-var "username=$(of_banner username)" --env-var "password=$(of_banner password)" || failed=1
done
exit "$failed"
