# Sourced by the doors ./run, ./test, ./check and ./fix, which stand in the clone: Python, .venv, the private settings.

export PYTHONUTF8=1 # the doors speak Chinese, whatever the terminal's locale says
PYTHON=.venv/bin/python

fail() {
    printf '\n' >&2
    printf '%s\n' "$@" >&2
    exit 1
}

usable_python() {
    "$1" -c 'import sqlite3, ssl, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# A Debian system has Python without venv unless python3-venv is installed; pip can then fetch uv, which needs neither.
make_venv() {
    local name pip_python=""
    for name in python3.13 python3.12 python3.11 python3; do
        usable_python "$name" || continue
        if "$name" -c 'import ensurepip, venv' 2>/dev/null; then
            "$name" -m venv --clear .venv && return
        fi
        [ -n "$pip_python" ] || ! "$name" -m pip --version >/dev/null 2>&1 || pip_python=$name
    done
    [ -n "$pip_python" ] || fail "需要 Python 3.11 或更新的版本，并带有 venv。请先安装，再重新运行：" \
        "  sudo apt-get install -y python3 python3-venv"
    "$pip_python" -m pip install -qq --disable-pip-version-check --target .boot --upgrade uv
    .boot/bin/uv venv -q --clear --python "$(command -v "$pip_python")" .venv
    "$pip_python" -m pip --python "$PYTHON" install -qq --disable-pip-version-check pip
    rm -rf .boot
}

# Everything an installation depends on, whole: when it equals the text of the last complete one, nothing is to do.
fingerprint() {
    pwd
    "$PYTHON" -VV
    cat "$1" pyproject.toml
}

# setup FILE: .venv holds what FILE locks, and the product itself.
setup() {
    local stamp=".venv/$1.stamp"
    if usable_python "$PYTHON" && fingerprint "$1" | cmp -s - "$stamp"; then return; fi
    echo "正在准备运行环境（只在第一次或依赖变化时需要，约一两分钟）……"
    rm -f "$stamp"
    { usable_python "$PYTHON" && "$PYTHON" -m pip --version >/dev/null 2>&1; } || make_venv
    "$PYTHON" -m pip install -qq --disable-pip-version-check --no-input --require-hashes -r "$1"
    "$PYTHON" -m pip install -qq --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
    fingerprint "$1" >"$stamp"
}

random_bytes() {
    head -c "$1" /dev/urandom | base64 | tr -d '\n'
}

# The environment wins over the file; the file is read as text, never executed.
read_local_env() {
    local line name
    [ -f var/local.env ] || return 0
    while read -r line; do
        name=${line%%=*}
        case "$name" in HUZHU_SECRET_KEY | HUZHU_KEYS | HUZHU_DEMO) [ -n "${!name:-}" ] || export "$line" ;; esac
    done <var/local.env
}

# Secrets for trying the product out on this machine; a real site brings its own in the environment.
local_env() {
    read_local_env
    if [ -z "${HUZHU_KEYS:-}" ] && [ -e var/huzhu.sqlite3 ] && [ -z "${DATABASE_URL:-}" ]; then
        fail "var/huzhu.sqlite3 里已有数据，但找不到加密它的密钥（var/local.env 或环境变量 HUZHU_KEYS）。" \
            "请从备份中找回 var/local.env；如果只是试用数据，可删除 var/huzhu.sqlite3* 后重新运行。"
    fi
    mkdir -p var
    (
        umask 077
        [ -n "${HUZHU_SECRET_KEY:-}" ] || echo "HUZHU_SECRET_KEY=$(random_bytes 48)" >>var/local.env
        [ -n "${HUZHU_KEYS:-}" ] || echo "HUZHU_KEYS=1:$(random_bytes 32)" >>var/local.env
        # a first start on the embedded database is for looking around; one's own database stays one's own
        [ -n "${DATABASE_URL:-}" ] || [ -n "${HUZHU_DEMO:-}" ] || [ -e var/huzhu.sqlite3 ] || echo "HUZHU_DEMO=1" >>var/local.env
    )
    read_local_env
}
