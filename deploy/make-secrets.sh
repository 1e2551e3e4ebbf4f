#!/bin/sh
# Writes the secrets that docker-compose.yml needs into the given file, each one only where it is missing: a password that
# a database was made with must not change. Nobody but the owner can read the file.
set -eu

file=${1:-.env}
umask 077
[ -e "$file" ] || : >"$file"
chmod 600 "$file"

# 32 random bytes in hexadecimal: safe in a URL, in a shell and in a .env file.
random() {
  head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

for name in POSTGRES_PASSWORD REDIS_PASSWORD JWT_SECRET CREDENTIALS_KEYS ADMIN_PASSWORD; do
  if ! grep -q "^$name=." "$file"; then
    # A file that somebody edited may end without a line end.
    [ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || echo >>"$file"
    # Keys have an id, so that they can be told apart when there are several.
    case $name in *_KEYS) id=k1: ;; *) id= ;; esac
    printf '%s=%s%s\n' "$name" "$id" "$(random)" >>"$file"
    echo "Made $name in $file."
  fi
done
