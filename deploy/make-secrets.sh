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

for name in POSTGRES_PASSWORD REDIS_PASSWORD JWT_SECRET ADMIN_PASSWORD; do
  if ! grep -q "^$name=." "$file"; then
    # A file that somebody edited may end without a line end.
    [ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || echo >>"$file"
    printf '%s=%s\n' "$name" "$(random)" >>"$file"
    echo "Made $name in $file."
  fi
done
