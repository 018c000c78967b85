#!/usr/bin/env python3
"""Records request/answer exchanges with a Kubernetes API server, and replays them against another one.

    exchanges.py record --server URL --tokens FILE --scenarios DIR --out DIR [--only TEXT]
    exchanges.py replay --server URL --tokens FILE --in DIR [--report FILE] [--only TEXT] [--exact] [--reverse] [--verbose]
    exchanges.py mutate --in DIR --out DIR --count N --seed N      alters answers, to test the replayer itself
    exchanges.py list   --in DIR                                   scenarios, steps and relaxed fields

The server must be empty (nothing but what it makes itself at start), without controllers, and with the flags
that README.md names. TOKENS is a static token file: token,user,uid,"group,...". See README.md for the format,
the comparison rule and the list of relaxed fields.
"""
import argparse, base64, copy, csv, http.client, json, os, random, re, socket, ssl, struct, sys, threading, time, urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
AGENT = "exchange/1.0"
KEEP_HEADERS = ("Content-Type", "Warning", "Location")


# ------------------------------------------------------------------ facts: the v1.36 schema, and which fields are new

class Facts:
    """Types of v1.36 by definition and by group/version/kind, and the fields that v1.20 had not."""

    def __init__(self):
        base = os.path.join(HERE, "..", "..", "schema", "facts")
        raw = json.load(open(os.path.join(base, "types.json")))
        new = os.path.join(base, "upstream-1.20", "new-fields.json")
        self.new = {d: set(f) for d, f in json.load(open(new))["newFields"].items()} if os.path.exists(new) else {}
        self.new_names = {n for fields in self.new.values() for n in fields}
        self.types, self.kinds = {}, {}
        for p in raw["packages"]:
            for t in p["types"]:
                self.types[t["def"]] = t
                if t.get("kind") and "version" in p:
                    self.kinds[(p.get("group", ""), p["version"], t["name"])] = t["def"]
        self.fields = {d: {f["json"]: f for f in t["fields"] if f["json"]} for d, t in self.types.items()}

    def of(self, obj):
        if not isinstance(obj, dict) or not isinstance(obj.get("kind"), str) or not isinstance(obj.get("apiVersion"), str):
            return None
        group, _, version = obj["apiVersion"].rpartition("/")
        d = self.kinds.get((group, version, obj["kind"]))
        return d or next((x for x in ("io.k8s.apimachinery.pkg.apis.meta.v1." + obj["kind"],) if x in self.types), None)

    def child(self, d, name):
        """Type expression of a field; a map gives its value type, a list its item type."""
        if not d:
            return None
        if d.startswith("map[string]"):
            return d[len("map[string]"):]
        f = self.fields.get(d, {}).get(name)
        return f["type"] if f else None

    def known(self, d, name):
        return name in self.fields.get(d or "", {})

    def is_new(self, d, name):
        return name in self.new.get(d or "", ())


def decode_protobuf(facts, data):
    """A protobuf answer as the JSON-like object that the comparison works on."""
    if data[:4] != b"k8s\0":
        return {"notProtobuf": base64.b64encode(data).decode()}

    def split(buf):
        i, out = 0, []
        def varint():
            nonlocal i
            n = s = 0
            while True:
                b = buf[i]; i += 1; n |= (b & 127) << s; s += 7
                if b < 128: return n
        while i < len(buf):
            key = varint()
            if key & 7 == 0: out.append((key >> 3, varint()))
            elif key & 7 == 2:
                n = varint(); out.append((key >> 3, buf[i:i + n])); i += n
            elif key & 7 == 1: out.append((key >> 3, struct.unpack("<d", buf[i:i + 8])[0])); i += 8
            else: raise ValueError("wire type %d" % (key & 7))
        return out

    def scalar(t, v):
        if t == "string": return v.decode()
        if t == "bool": return bool(v)
        if t in ("int32", "int64"): return v - (1 << 64) if v >> 63 else v
        if t == "float64": return v
        if t == "bytes": return base64.b64encode(v).decode()
        if t in ("time", "microTime"):
            m = dict(split(v)); return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(m.get(1, 0))) if m else None
        if t == "quantity": return dict(split(v)).get(1, b"").decode()
        if t == "intOrString":
            m = dict(split(v)); return m.get(3, b"").decode() if m.get(1) else m.get(2, 0)
        if t == "duration": return dict(split(v)).get(1, 0)
        if t in ("fieldsV1", "json", "rawExtension"):
            raw = dict(split(v)).get(1, b"")
            try: return json.loads(raw) if raw else {}
            except ValueError: return base64.b64encode(raw).decode()
        return message(t, v)

    def message(d, buf):
        t, out = facts.types[d], {}
        nested = {x["pb"]: x["ref"] for x in t.get("inline", []) if x.get("pb")}
        by = {f["pb"]: f for f in t["fields"] if f.get("pb") and not (f.get("via") and nested)}
        for number, v in split(buf):
            if number in nested:
                out.update(message(nested[number], v)); continue
            f = by.get(number)
            if not f: out["unknown field %d" % number] = True; continue
            name, ty = f["json"] or f.get("pbName") or f["go"], f["type"]
            if ty.startswith("[]"): out.setdefault(name, []).append(scalar(ty[2:], v))
            elif ty.startswith("map[string]"):
                m = dict(split(v)); vt = ty[11:]
                out.setdefault(name, {})[m.get(1, b"").decode()] = scalar(vt, m.get(2, b"" if vt != "bool" else 0))
            else: out[name] = scalar(ty, v)
        return out

    outer = dict(split(data[4:]))
    meta = dict(split(outer.get(1, b"")))
    head = {"apiVersion": meta.get(1, b"").decode(), "kind": meta.get(2, b"").decode()}
    d = facts.of(head)
    return {**head, **(message(d, outer.get(2, b"")) if d else {"raw": base64.b64encode(outer.get(2, b"")).decode()})}


# ------------------------------------------------------------------ paths and placeholders

def dig(value, path):
    """value at 'a.b[0].c[type=Ready].d'; None where there is none. '~' in a name stands for a dot."""
    for part in re.findall(r"[^.\[\]]+|\[[^\]]*\]", path):
        if part.startswith("["):
            inner = part[1:-1]
            if "=" in inner:
                k, v = inner.split("=", 1)
                value = next((x for x in value or [] if str(x.get(k)) == v), None)
            else:
                value = value[int(inner)] if isinstance(value, list) and int(inner) < len(value) else None
        else:
            value = value.get(part.replace("~", ".")) if isinstance(value, dict) else None
        if value is None:
            return None
    return value


PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_-]+)\.([^}]*)\}")


class Unresolved(Exception):
    pass


def resolve(x, answers):
    """x with every ${step.path} replaced from the answers got so far; a string that is nothing else keeps the type."""
    def value(m):
        v = dig(answers.get(m.group(1)), m.group(2))
        if v is None:
            raise Unresolved(m.group(0))
        return v
    if isinstance(x, str):
        m = PLACEHOLDER.fullmatch(x)
        if m:
            return value(m)
        return PLACEHOLDER.sub(lambda m: str(value(m)), x)
    if isinstance(x, list):
        return [resolve(v, answers) for v in x]
    if isinstance(x, dict):
        return {resolve(k, answers): resolve(v, answers) for k, v in x.items()}
    return x


def merge(base, patch):
    if not isinstance(patch, dict):
        return patch
    out = dict(base) if isinstance(base, dict) else {}
    for k, v in patch.items():
        if v is None: out.pop(k, None)
        else: out[k] = merge(out.get(k), v)
    return out


# ------------------------------------------------------------------ transport

class Server:
    def __init__(self, url, tokens_file):
        u = urllib.parse.urlsplit(url)
        self.host, self.port, self.tls = u.hostname, u.port or (443 if u.scheme == "https" else 80), u.scheme == "https"
        self.ctx = ssl.create_default_context(); self.ctx.check_hostname = False; self.ctx.verify_mode = ssl.CERT_NONE
        self.tokens = {row[1].strip(): row[0].strip() for row in csv.reader(open(tokens_file)) if len(row) > 1}
        self.conn = None

    def connect(self, timeout=30):
        if self.tls:
            return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.ctx)
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def message(self, req, answers):
        """method, target, headers and body bytes of a request whose placeholders are filled in."""
        path = urllib.parse.quote(resolve(req["path"], answers), safe="/:@!$&'()*+,;=-._~%")
        query = resolve(req.get("query", []), answers)
        target = path + ("?" + urllib.parse.urlencode([tuple(q) for q in query]) if query else "")
        headers = {"User-Agent": AGENT, "Accept": req.get("accept", "application/json")}
        for k, v in resolve(req.get("headers", []), answers):
            headers[k] = v
        user, body = req.get("user", "admin"), None
        if user == "!invalid": headers["Authorization"] = "Bearer no-such-token"
        elif user: headers["Authorization"] = "Bearer " + self.tokens[user]
        if "bodyFrom" in req:
            base = answers.get(req["bodyFrom"])
            if not isinstance(base, dict): raise Unresolved("bodyFrom " + req["bodyFrom"])
            body = json.dumps(merge(base, resolve(req.get("bodyChange", {}), answers))).encode()
        elif "body" in req: body = json.dumps(resolve(req["body"], answers)).encode()
        elif "bodyText" in req: body = resolve(req["bodyText"], answers).encode()
        elif "bodyRepeat" in req:
            r = req["bodyRepeat"]; body = json.dumps(r["body"]).replace(r["mark"], r["text"] * r["times"]).encode()
        elif "bodyBase64" in req: body = base64.b64decode(req["bodyBase64"])
        if req.get("contentType"): headers["Content-Type"] = req["contentType"]
        return req["method"], target, headers, body

    def call(self, req, answers):
        m = self.message(req, answers)
        for attempt in (0, 1):
            try:
                if self.conn is None: self.conn = self.connect()
                self.conn.request(m[0], m[1], body=m[3], headers=m[2])
                r = self.conn.getresponse()
                data = r.read()
                if r.will_close: self.conn.close(); self.conn = None
                return answer(r, data)
            except (http.client.HTTPException, ConnectionError, OSError):
                if self.conn: self.conn.close()
                self.conn = None
                if attempt: raise

    def open_watch(self, req, answers):
        m = self.message(req, answers)
        conn = self.connect(timeout=10)
        conn.request(m[0], m[1], body=m[3], headers=m[2])
        r = conn.getresponse()
        w = Watch(conn, r)
        if r.status == 200:
            return {"status": 200, "headers": kept(r)}, w
        out = answer(r, r.read()); conn.close()
        return out, w


def kept(r):
    out = {}
    for h in KEEP_HEADERS:
        v = r.headers.get_all(h)
        if v: out[h] = v if h == "Warning" else v[0]
    return out


def answer(r, data):
    out = {"status": r.status, "headers": kept(r)}
    kind = (r.headers.get("Content-Type") or "").split(";")[0]
    if kind == "application/vnd.kubernetes.protobuf":
        out["bodyBase64"] = base64.b64encode(data).decode()
        return out
    try:
        if kind.endswith("json") and data:
            out["body"] = json.loads(data)
            return out
    except ValueError:
        pass
    try: out["bodyText"] = data.decode()
    except UnicodeDecodeError: out["bodyBase64"] = base64.b64encode(data).decode()
    return out


class Watch:
    """Reads events on a thread, so that none is lost between the writes of a scenario."""

    def __init__(self, conn, r):
        self.events, self.closed, self.cond, self.conn, self.sock = [], False, threading.Condition(), conn, conn.sock
        if r.status == 200:
            threading.Thread(target=self.pump, args=(r,), daemon=True).start()
        else:
            self.closed = True

    def pump(self, r):
        try:
            while True:
                line = r.readline()
                if not line: break
                if not line.strip(): continue
                event = json.loads(line)
                if event.get("type") == "BOOKMARK": continue
                with self.cond: self.events.append(event); self.cond.notify_all()
        except (OSError, ValueError, http.client.HTTPException, AttributeError, TypeError):
            pass
        with self.cond: self.closed = True; self.cond.notify_all()

    def take(self, count, wait=8.0):
        """At least count events (or what came in the time), and what follows within a moment."""
        end = time.monotonic() + wait
        with self.cond:
            while len(self.events) < count and not self.closed and time.monotonic() < end:
                self.cond.wait(0.1)
            until = time.monotonic() + 0.15
            while time.monotonic() < until and not self.closed:
                self.cond.wait(0.05)
            out, self.events = self.events, []
        return {"status": 200, "headers": {}, "events": out}

    def close(self):
        try:
            if self.sock: self.sock.shutdown(socket.SHUT_RDWR)      # ends the reading thread, which holds the buffer's lock
            self.conn.close()
        except (OSError, ValueError, AttributeError): pass


# ------------------------------------------------------------------ running a scenario

def satisfied(until, got):
    if "status" in until and got["status"] != until["status"]: return False
    if "path" in until and dig(got.get("body"), until["path"]) != until.get("equals"): return False
    return True


def project(step, got):
    """The part of an answer that is recorded and compared: all of it, unless the step names its members."""
    only = step.get("only")
    if only and "body" in got:
        got = dict(got); got["body"] = {p: dig(got["body"], p) for p in only}
    if step.get("keysOf") and "body" in got:
        got = dict(got); got["body"] = {p: sorted((dig(got["body"], p) if p != "." else got["body"]) or {}) for p in step["keysOf"]}
    if step.get("withoutBody"):
        got = {k: v for k, v in got.items() if k not in ("body", "bodyText", "bodyBase64")}
    return got


def perform(server, steps, facts, each):
    """Runs steps in order; each(step, answer or None, problem) after every one."""
    answers, watches = {}, {}
    try:
        for step in steps:
            try:
                if step.get("watch") == "read":
                    got = watches[step["from"]].take(step["count"])
                    answers[step["id"]] = got
                elif step.get("watch") == "open":
                    got, watches[step["id"]] = server.open_watch(step["request"], answers)
                else:
                    end = time.monotonic() + 15
                    while True:
                        got = server.call(step["request"], answers)
                        if not step.get("until") or satisfied(step["until"], got) or time.monotonic() > end: break
                        time.sleep(0.1)
                    body = got.get("body")
                    if body is None and got.get("headers", {}).get("Content-Type", "").startswith("application/vnd.kubernetes.protobuf"):
                        body = decode_protobuf(facts, base64.b64decode(got["bodyBase64"]))
                    answers[step["id"]] = body
                each(step, project(step, got), None)
            except Unresolved as e:
                each(step, None, "no value for %s: an earlier answer lacks it" % e)
            except KeyError as e:
                each(step, None, "no value or user %s" % e)
            except (OSError, http.client.HTTPException) as e:
                each(step, None, "no answer: %s: %s" % (type(e).__name__, e))
    finally:
        for w in watches.values(): w.close()


# ------------------------------------------------------------------ comparison

UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
GOTIME = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} [A-Z]+( m=[+-][\d.]+)?")
IP = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
AGE = re.compile(r"(\d+[smhdy])+$|<unknown>$|<invalid>$")
MASKS = [(re.compile(r"kube-api-access-[a-z0-9]{5}\b"), "kube-api-access-<>"), (re.compile(r"current: \d+"), "current: <>"),
         (re.compile(r"(?<=in the precondition )\(\d+\)|(?<=in record )\(\d+\)"), "(<>)"), (re.compile(r"\b0x[0-9a-f]{6,}\b"), "0x"), (re.compile(r"time\.Date\([^)]*\)"), "<time>"), (re.compile(r"Raw:\[\]uint8\{[^}]*\}"), "<raw>"),
         (re.compile(r"(?<=ResourceVersion in object meta: )\d+|(?<=ResourceVersion in precondition: )\d+"), "<>"), (re.compile(r"\n[\s\u00a0]*(core|apps|batch)\.\w+\{.*", re.S), "\n<diff>"),
         (re.compile(r'(resourceVersion\\*":\\*")\d+'), r"\1<>"), (re.compile(r'(resourceVersion: \\*")\d+'), r"\1<>")]
CHANGING = {"uid", "resourceVersion", "continue", "creationTimestamp", "deletionTimestamp", "time", "selfLink", "token", "nodePort",
            "healthCheckNodePort", "clusterIP", "clusterIPs", "lastTransitionTime", "lastUpdateTime", "lastProbeTime", "description",
            "expirationTimestamp", "storageVersionHash", "remainingItemCount"}
GO_VALUE = re.compile(r"(?:map\[|\[\]|&|[a-z0-9]+\.[A-Z]\w*\{|\(\*)")


def balanced(text, start):
    """End of the composite value that begins at start: brackets closed, quotes respected."""
    depth = i = 0
    i, quoted, seen = start, False, False
    while i < len(text):
        c = text[i]
        if quoted:
            if c == "\\": i += 1
            elif c == '"': quoted = False
        elif c == '"': quoted = True
        elif c in "{[(": depth += 1; seen = seen or c == "{" or depth > 0
        elif c in "}])":
            depth -= 1
            if depth == 0 and not (i + 1 < len(text) and (text[i + 1] in "{[" or text[i + 1].isalpha() or text[i + 1] == "*")): return i + 1
        i += 1
    return len(text)


def without_values(text):
    """The text with every composite value after 'Invalid value: ' (and the like) replaced by a mark."""
    out, i = "", 0
    for m in iter(lambda: re.compile(r"(?:Invalid value|Duplicate value|Unsupported value): ").search(text, i), None):
        j = m.end()
        if GO_VALUE.match(text, j) or text[j:j + 1] in "{[":
            out += text[i:j] + "<value>"; i = balanced(text, j)
        elif text.startswith("null", j) or text.startswith('"null"', j):
            out += text[i:j] + "<value>"; i = j + (6 if text[j] == '"' else 4)
        else:
            out += text[i:j]; i = j
    return out + text[i:]


class State:
    """What a replay has learned of the values that the server chose, for one scenario."""

    def __init__(self, steps):
        self.literals, self.names, self.uids, self.rvs = set(), {}, {}, {}
        def collect(x):
            if isinstance(x, str): self.literals.add(x)
            elif isinstance(x, dict):
                for k, v in x.items(): collect(k); collect(v)
            elif isinstance(x, list):
                for v in x: collect(v)
            elif isinstance(x, int) and not isinstance(x, bool): self.literals.add(x)
        for s in steps: collect(s.get("request", {}))
        bases = {dig(s.get("request", {}).get("body"), "metadata.generateName") for s in steps} - {None, ""}
        self.generated = [(re.compile(re.escape(b[:58]) + r"[a-z0-9]{5}\b"), b[:58] + "<>") for b in sorted(bases, key=len, reverse=True)]
        self.literal_text = "\n".join(x for x in self.literals if isinstance(x, str))

    def pair_uid(self, e, a):
        if e in self.literal_text: return e == a
        return self.uids.setdefault(("e", e), a) == a and self.uids.setdefault(("a", a), e) == e


class Comparison:
    def __init__(self, facts, state, exact=False):
        self.facts, self.state, self.exact, self.found = facts, state, exact, []

    def note(self, path, what, expected=None, actual=None, why=None):
        self.found.append({"path": path, "what": what, "expected": expected, "actual": actual, **({"note": why} if why else {})})

    # strings
    def text(self, path, e, a):
        if e == a: return
        if not isinstance(a, str):
            return self.note(path, "different", e, a)
        for k, v in self.state.names.items():
            e = e.replace(k, v)
        if e == a: return
        if not (TIME.fullmatch(e) and e in self.state.literals):
            ue, ua = UUID.findall(e), UUID.findall(a)
            if len(ue) == len(ua) and all(self.state.pair_uid(x, y) for x, y in zip(ue, ua)):
                if self.plain(e) == self.plain(a): return
        self.note(path, "different", e, a)

    def plain(self, s):
        s = GOTIME.sub("<time>", TIME.sub("<time>", UUID.sub("<uid>", s)))
        s = IP.sub(lambda m: m.group(0) if m.group(0) in self.state.literal_text or not m.group(0).startswith("10.") else "<ip>", s)
        for pattern, mark in MASKS + self.state.generated: s = pattern.sub(mark, s)
        return s

    # members
    def value(self, path, e, a, typ=None):
        if isinstance(e, dict):
            if not isinstance(a, dict): return self.note(path, "different", e, a)
            if e.get("kind") == "Table" and "columnDefinitions" in e: return self.table(path, e, a)
            return self.members(path, e, a, self.facts.of(e) or typ)
        if isinstance(e, list):
            if not isinstance(a, list): return self.note(path, "different", e, a)
            return self.items(path, e, a, typ[2:] if typ and typ.startswith("[]") else None)
        if isinstance(e, str): return self.text(path, e, a)
        if type(e) is not type(a) or e != a: self.note(path, "different", e, a)

    def items(self, path, e, a, typ):
        if len(e) != len(a):
            short = lambda l: [dig(x, "metadata.name") or dig(x, "name") or dig(x, "type") or x for x in l] if all(isinstance(x, dict) for x in l) else l
            return self.note(path, "length", short(e), short(a))
        for i, (x, y) in enumerate(zip(e, a)): self.value(f"{path}/{i}", x, y, typ)

    def members(self, path, e, a, typ):
        own = path.endswith("/metadata") or "resourceVersion" in e
        if "generateName" in e and isinstance(a.get("name"), str) and str(e.get("name", "")).startswith(str(e["generateName"])[:58]):
            n, m = e["name"], a["name"]
            if n not in self.state.literals and n != m:
                if n in self.state.names and self.state.names[n] != m or not m.startswith(e["generateName"][:58]) or len(n) != len(m):
                    self.note(path + "/name", "different", n, m)
                self.state.names[n] = m
        for k, v in e.items():
            p = path + "/" + k.replace("~", "~0").replace("/", "~1")
            if k not in a:
                self.note(p, "missing", v); continue
            w = a[k]
            if k == "causes" and isinstance(v, list) and isinstance(w, list) and all(isinstance(c, dict) and c.get("reason") == "FieldManagerConflict" for c in v):
                order = lambda c: (str(c.get("field")), str(c.get("message"))) if isinstance(c, dict) else ("", str(c))   # upstream v1.20 gives these in no order
                v, w = sorted(v, key=order), sorted(w, key=order)
            if k == "managedFields" and isinstance(v, list) and isinstance(w, list): self.managed(p, v, w, typ)
            elif k == "resourceVersion" and isinstance(v, str) and v.isdigit() and v != "0":
                if v in self.state.literals and v == w: continue
                if not (isinstance(w, str) and w.isdigit() and w != "0"): self.note(p, "different", v, w)
                elif "uid" in e and "uid" in a and not path.endswith("/involvedObject"): self.version(p, e["uid"], a["uid"], v, w)
            elif k in ("continue", "token") and isinstance(v, str) and v and v not in self.state.literals:
                if not (isinstance(w, str) and w): self.note(p, "different", v, w)
                elif k == "token" and v.count(".") != w.count("."): self.note(p, "different", v, w, "not of the same form")
            elif k == "storageVersionHash": pass
            elif k in ("nodePort", "healthCheckNodePort") and isinstance(v, int) and v and v not in self.state.literals:
                if not (isinstance(w, int) and 30000 <= w <= 32767): self.note(p, "different", v, w)
            elif k == "description" and path.split("/")[-2:-1] == ["columnDefinitions"]:
                if not w: self.note(p, "different", v, w)
            else: self.value(p, v, w, self.facts.child(typ, k))
        for k in a:
            if k in e: continue
            p = path + "/" + k.replace("~", "~0").replace("/", "~1")
            if k == "selfLink": self.note(p, "extra", None, a[k])
            elif not self.exact and self.facts.is_new(typ, k): continue
            else: self.note(p, "extra", None, a[k], None if self.facts.known(typ, k) or typ is None else "v1.36 has no such field")

    def version(self, p, eu, au, v, w):
        """Equal resource versions of one object stay equal, and different ones stay different."""
        one, two = self.state.rvs.setdefault(("e", eu, v), w), self.state.rvs.setdefault(("a", au, w), v)
        if one != w or two != v:
            self.note(p, "different", v, w, "upstream changed the version where this server did not, or the reverse")

    def managed(self, path, e, a, typ):
        def flat(entry):
            out = set()
            def walk(o, at):
                for k, v in o.items():
                    if v: walk(v, at + (k,))
                    else: out.add(at + (k,))
            walk(entry.get("fieldsV1") or {}, ())
            return out
        def group(entries):
            out = {}
            for x in entries:
                key = (x.get("manager"), x.get("operation"), x.get("apiVersion"))
                if self.exact: key += (x.get("subresource"),)
                out.setdefault(key, set()).update(flat(x))
                if not TIME.fullmatch(str(x.get("time"))): self.note(path, "different", "a time", x.get("time"))
            return out
        ge, ga = group(e), group(a)
        clean = lambda s: s if self.exact else {p for p in s if p[0] != "f:status"}
        for key in ge:
            want = clean(ge[key])
            p = path + "/" + "|".join(str(x) for x in key)
            if key not in ga:
                if want or self.exact: self.note(p, "missing", sorted("/".join(x) for x in want))
                continue
            have = clean(ga[key])
            miss, more = want - have, have - want
            if not self.exact:
                leaf = lambda x: any(x[:n] in have for n in range(1, len(x)))       # a whole that v1.36 owns as one
                gone = {x for x in miss if leaf(x)}
                more = {x for x in more if not any(y[:len(x)] == x for y in gone)}
                miss -= gone
                more = {x for x in more if not any(s[2:] in self.facts.new_names for s in x)}
                more.discard(("f:metadata", "f:labels", "f:kubernetes.io/metadata.name")); more.discard(("f:metadata", "f:labels", "."))
            if miss: self.note(p, "missing", sorted("/".join(x) for x in miss))
            if more: self.note(p, "extra", None, sorted("/".join(x) for x in more))
        for key in ga:
            if key not in ge and (clean(ga[key]) or self.exact): self.note(path + "/" + "|".join(str(x) for x in key), "extra", None, sorted("/".join(x) for x in ga[key]))

    def table(self, path, e, a):
        ce, ca = e.get("columnDefinitions") or [], a.get("columnDefinitions") or []
        names = [c["name"] for c in ca]
        where = []
        for c in ce:
            if c["name"] not in names: self.note(f"{path}/columnDefinitions/{c['name']}", "missing", c); where.append(None); continue
            n = names.index(c["name"]); where.append(n)
            self.members(f"{path}/columnDefinitions/{c['name']}", c, ca[n], "io.k8s.apimachinery.pkg.apis.meta.v1.TableColumnDefinition")
        there = [n for n in where if n is not None]
        if there != sorted(there): self.note(path + "/columnDefinitions", "order", [c["name"] for c in ce], names)
        for n in set(names) - {c["name"] for c in ce}: self.note(f"{path}/columnDefinitions/{n}", "extra", None, n)
        re_, ra = e.get("rows") or [], a.get("rows") or []
        if len(re_) != len(ra): self.note(path + "/rows", "length", [r["cells"][0] for r in re_], [r.get("cells", [None])[0] for r in ra])
        else:
            for i, (r, s) in enumerate(zip(re_, ra)):
                for n, (c, v) in enumerate(zip(ce, r["cells"])):
                    if where[n] is None: continue
                    cells = s.get("cells") or []
                    w = cells[where[n]] if where[n] < len(cells) else None
                    p = f"{path}/rows/{i}/cells/{c['name']}"
                    if isinstance(v, str) and AGE.match(v) and v not in self.state.literals:
                        if not (isinstance(w, str) and (AGE.match(w))) or (v[0] == "<") != (w[0] == "<"): self.note(p, "different", v, w)
                    elif isinstance(v, str) and isinstance(w, str): self.text(p, re.sub(r":3\d{4}/", ":<port>/", v), re.sub(r":3\d{4}/", ":<port>/", w))
                    else: self.value(p, v, w)
                self.members(f"{path}/rows/{i}", {k: v for k, v in r.items() if k != "cells"}, {k: v for k, v in s.items() if k != "cells"}, "io.k8s.apimachinery.pkg.apis.meta.v1.TableRow")
        self.members(path, {k: v for k, v in e.items() if k not in ("columnDefinitions", "rows")},
                     {k: v for k, v in a.items() if k not in ("columnDefinitions", "rows")}, "io.k8s.apimachinery.pkg.apis.meta.v1.Table")

    def answer(self, e, a):
        if e["status"] != a["status"]:
            self.note("/status-code", "different", e["status"], a["status"])
        for h in KEEP_HEADERS:
            v, w = e["headers"].get(h), a["headers"].get(h)
            if v and not w: self.note("/headers/" + h, "missing", v)
            elif w and not v: self.note("/headers/" + h, "extra", None, w)
            elif v and h == "Warning":
                for x in v:
                    if x not in w: self.note("/headers/Warning", "missing", x)
                more = [x for x in w if x not in v]
                if more: self.note("/headers/Warning", "extra", None, more)
            elif v: self.text("/headers/" + h, v.replace(" ", ""), w.replace(" ", ""))
        if "events" in e:
            te = [(x["type"], dig(x, "object.metadata.name")) for x in e["events"]]; ta = [(x.get("type"), dig(x, "object.metadata.name")) for x in a.get("events", [])]
            if len(te) != len(ta): return self.note("/events", "length", te, ta)
            for i, (x, y) in enumerate(zip(e["events"], a["events"])):
                self.text(f"/events/{i}/type", x["type"], y.get("type")); self.value(f"/events/{i}/object", x["object"], y.get("object"))
        elif "body" in e:
            if "body" not in a: self.note("/body", "missing", e["body"], a.get("bodyText") or a.get("bodyBase64"))
            else: self.value("/body", e["body"], a["body"])
        elif "bodyBase64" in e:
            if "bodyBase64" not in a: self.note("/body", "missing", "protobuf", a.get("body") or a.get("bodyText"))
            else: self.value("/body", *(decode_protobuf(self.facts, base64.b64decode(x["bodyBase64"])) for x in (e, a)))
        elif "bodyText" in e:
            if "bodyText" not in a: self.note("/body", "different", e["bodyText"], a.get("body"))
            else: self.text("/body", e["bodyText"], a["bodyText"])


# ------------------------------------------------------------------ skew: what v1.36 is known to answer otherwise

def relaxes(rule, d):
    """The relaxed difference, or None. rule: path (glob: * one member, ** any number), what, accept, match, why."""
    pattern = "".join({"**": ".*", "*": "[^/]*"}.get(p, re.escape(p)) for p in re.split(r"(\*\*|\*)", rule["path"]))
    if not re.fullmatch(pattern, d["path"]) : return False
    if "what" in rule and d["what"] not in rule["what"]: return False
    if "accept" in rule and d["actual"] not in rule["accept"]: return False
    if "acceptMatch" in rule and not re.fullmatch(rule["acceptMatch"], str(d["actual"]), re.S): return False
    if "match" in rule and not re.search(rule["match"], str(d["expected"]), re.S): return False
    return True


def same_but_values(rule, d):
    return isinstance(d["expected"], str) and isinstance(d["actual"], str) and without_values(d["expected"]) == without_values(d["actual"])


def same_after(*pairs):
    def check(rule, d):
        e, a = d["expected"], d["actual"]
        if not isinstance(e, str) or not isinstance(a, str): return False
        e, a = without_values(e), without_values(a)
        for old, new in pairs: e = re.sub(old, new, e)
        return e == a or re.sub(r"\s+", " ", e) == re.sub(r"\s+", " ", a)
    return check


from_file = os.path.join(HERE, "skew.json")
GLOBAL = json.load(open(from_file))["rules"] if os.path.exists(from_file) else []
CHECKS = {
    "value-rendering": same_but_values,
    "wording": None,
}


def rewordings():
    return [tuple(p) for r in GLOBAL for p in r.get("reword", [])]


def split_skew(step, found):
    """Differences to report, and those relaxed, with the rule."""
    report, relaxed = [], []
    reword = same_after(*rewordings())
    for d in found:
        rule = next((r for r in step.get("skew", []) if relaxes(r, d)), None)
        if not rule:
            for r in GLOBAL:
                if "reword" in r or r.get("check"):
                    if d["what"] == "different" and (same_but_values(r, d) if r.get("check") == "value-rendering" else reword(r, d)): rule = r; break
                elif relaxes(r, d): rule = r; break
        if rule: relaxed.append({**d, "why": rule["why"]})
        else: report.append(d)
    return report, relaxed


# ------------------------------------------------------------------ commands

def dump_json(path, value):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w") as f:
        json.dump(value, f, indent=1, ensure_ascii=False); f.write("\n")


def files(folder, only=None):
    out = []
    for at, _, names in os.walk(folder):
        for n in sorted(names):
            if n.endswith(".json") and n not in ("skew.json", "mutations.json"):
                p = os.path.join(at, n)
                if not only or only in os.path.relpath(p, folder): out.append(p)
    out.sort()
    def recorded(p):
        value = json.load(open(p))
        return isinstance(value, dict) and value.get("format") == "exchanges/1"
    return [p for p in out if recorded(p)]


DIFF = re.compile(r"\n[\s\u00a0]*(core|apps|batch)\.\w+\{.*", re.S)


def tidy(got):
    """The printed difference of internal structures is cut from messages: upstream prints it with random blanks. Column descriptions are prose and not compared: they are not recorded."""
    def walk(x):
        if isinstance(x, dict):
            for c in x.get("columnDefinitions") or []:
                if isinstance(c, dict): c["description"] = "(any)"
            if isinstance(x.get("message"), str): x["message"] = DIFF.sub("\n<diff>", x["message"])
            for v in x.values(): walk(v)
        elif isinstance(x, list):
            for v in x: walk(v)
    walk(got.get("body")); walk(got.get("events"))
    return got


# Reasons given to whole groups of refusals. One is kept only where the recorded words are of a form known to have changed.
GROUP_REASONS = ("wording", "wording of list errors", "wording differs between releases", "the message holds internal structures", "the message holds a diff of internal structures", "diff of internal structures",
                 "diff", "same", "order of errors", "wording of list errors; v1.36 checks more", "v1.36 checks more of a schema", "order and wording of service errors changed", "v1.36 refuses or ignores fields of another type",
                 "wording of list and decoder errors", "wording of IP errors", "wording of IP errors changed", "wording of CIDR errors", "wording of CIDR errors changed", "wording of schema errors")
CHANGED = re.compile(r"IP address|CIDR|valid IP|accessModes|volumeMode|scopes|<diff>|externalTrafficPolicy|clusterIP|healthCheckNodePort|nodePort|loadBalancer|externalName|externalIPs|sessionAffinityConfig"
                     r"|openAPIV3Schema|in body|updates to statefulset|resourceFieldSelector|unmarshal|cannot be handled|quantities must match|no kind .* registered", re.S)


def narrow(step, got):
    if "skew" in step and got:
        text = str(dig(got.get("body"), "message") or "")
        step["skew"] = [r for r in step["skew"] if r["why"] not in GROUP_REASONS or CHANGED.search(text)]
        if not step["skew"]: del step["skew"]
    return step


def record(a):
    sys.path.insert(0, a.scenarios)
    import importlib.util
    spec = importlib.util.spec_from_file_location("dsl", os.path.join(a.scenarios, "dsl.py"))
    dsl = importlib.util.module_from_spec(spec); sys.modules["dsl"] = dsl; spec.loader.exec_module(dsl)
    for n in sorted(os.listdir(a.scenarios)):
        if n.endswith(".py") and n != "dsl.py":
            exec(compile(open(os.path.join(a.scenarios, n)).read(), n, "exec"), {"__name__": n, **{k: v for k, v in vars(dsl).items() if not k.startswith("__")}})
    facts, server, steps, begin = Facts(), Server(a.server, a.tokens), 0, time.monotonic()
    chosen = [s for s in dsl.SCENARIOS if not a.only or a.only in s["scenario"]]
    version = server.call({"method": "GET", "path": "/version"}, {})["body"]["gitVersion"]
    for s in chosen:
        out = []
        def each(step, got, problem):
            if problem: print("!! %s %s: %s" % (s["scenario"], step["id"], problem), file=sys.stderr)
            else:
                u = step.get("until")
                if u and not satisfied(u, got) and "only" not in step: print("!! %s %s: never satisfied %s" % (s["scenario"], step["id"], u), file=sys.stderr)
            want = step.pop("expect", None)
            if want and got and got["status"] != want:
                print("?? %s %s: %s, expected %s: %s" % (s["scenario"], step["id"], got["status"], want, dig(got.get("body"), "message")), file=sys.stderr)
            if got: got = tidy(got)
            out.append({**narrow(step, got), "response": got})
        perform(server, s["steps"], facts, each)
        steps += len(out)
        dump_json(os.path.join(a.out, s["scenario"] + ".json"), {"format": "exchanges/1", "scenario": s["scenario"], "about": s["about"], "upstream": version, "steps": out})
    print("recorded %d scenarios, %d steps in %.0f s" % (len(chosen), steps, time.monotonic() - begin))


def replay(a):
    facts, server = Facts(), Server(a.server, a.tokens)
    todo = files(a.input, a.only)
    if a.reverse: todo.reverse()
    results, good_steps, all_steps, good, relaxed_count = [], 0, 0, 0, 0
    for path in todo:
        s = json.load(open(path)); state = State(s["steps"]); bad = []
        def each(step, got, problem):
            nonlocal good_steps, all_steps, relaxed_count
            all_steps += 1
            if problem: found, relaxed = [{"path": "", "what": "not run", "expected": None, "actual": problem}], []
            else:
                c = Comparison(facts, state, a.exact); c.answer(step["response"], tidy(got))
                found, relaxed = (c.found, []) if a.exact else split_skew(step, c.found)
            relaxed_count += len(relaxed)
            if found: bad.append({"step": step["id"], "request": "%s %s" % (step.get("request", {}).get("method", "WATCH"), step.get("request", {}).get("path", "")), "differences": found, **({"relaxed": relaxed} if relaxed else {})})
            else: good_steps += 1
        perform(server, s["steps"], facts, each)
        good += not bad
        results.append({"scenario": s["scenario"], "steps": len(s["steps"]), "failed": bad})
        if bad and not a.quiet:
            print("FAIL %s  (%d of %d steps)" % (s["scenario"], len(bad), len(s["steps"])))
            for b in bad[:None if a.verbose else 3]:
                print("  %s  %s" % (b["step"], b["request"]))
                for d in b["differences"][:None if a.verbose else 4]:
                    print("    %s %s\n      expected %s\n      actual   %s%s" % (d["path"], d["what"], *(json.dumps(d[k], ensure_ascii=False)[:600] for k in ("expected", "actual")), "\n      " + d["note"] if "note" in d else ""))
    groups = {}
    for r in results:
        g = groups.setdefault(r["scenario"].split("/")[0], [0, 0]); g[0] += r["steps"] - len(r["failed"]); g[1] += r["steps"]
    for g, (x, y) in sorted(groups.items()): print("%-24s %5d of %5d steps" % (g, x, y))
    print("%d of %d scenarios, %d of %d steps answer as upstream (%.1f %%), %d differences relaxed" % (good, len(results), good_steps, all_steps, 100.0 * good_steps / max(1, all_steps), relaxed_count))
    if a.report: dump_json(a.report, {"scenariosSame": good, "scenarios": len(results), "stepsSame": good_steps, "steps": all_steps, "relaxed": relaxed_count, "results": results})
    return 0 if good == len(results) else 1


def mutate(a):
    """Alters N recorded answers, each in a step of its own, and lists where, so that a replay can be held to find them all."""
    rng, spots = random.Random(a.seed), []
    loaded = {p: json.load(open(p)) for p in files(a.input)}
    for p, s in loaded.items():
        for n, step in enumerate(s["steps"]):
            skew = [r["path"] for r in step.get("skew", [])]
            r = step["response"]
            if not r: continue
            spots.append((p, n, "status", None))
            def walk(x, at, volatile):
                if isinstance(x, dict):
                    for k, v in x.items():
                        if k in CHANGING or k in ("managedFields", "columnDefinitions") or volatile: continue
                        walk(v, at + [k], volatile)
                    for k in x:
                        if k not in CHANGING and k not in ("managedFields",): spots.append((p, n, "remove", at + [k]))
                elif isinstance(x, list):
                    for k, v in enumerate(x): walk(v, at + [k], volatile)
                    if len(x) > 1 and json.dumps(x[0]) != json.dumps(x[-1]) and "cells" not in at: spots.append((p, n, "swap", at))
                    if x and "cells" not in at: spots.append((p, n, "drop", at))
                elif isinstance(x, str) and not TIME.search(x) and not UUID.search(x) and not AGE.match(x) and not IP.search(x): spots.append((p, n, "text", at))
                elif isinstance(x, bool): spots.append((p, n, "flip", at))
                elif isinstance(x, int) and x < 30000: spots.append((p, n, "number", at))
            for part in ("body", "events", "bodyText"):
                if part in r: walk(r[part], [part], False)
    chosen, done, used = [], [], set()
    rng.shuffle(spots)
    kinds = {}
    for spot in spots:
        key = (spot[0], spot[1])
        if key in used or kinds.get(spot[2], 0) > a.count // 4: continue
        used.add(key); kinds[spot[2]] = kinds.get(spot[2], 0) + 1; chosen.append(spot)
        if len(chosen) == a.count: break
    for p, n, how, at in chosen:
        r = loaded[p]["steps"][n]["response"]
        if how == "status": r["status"] += 1
        else:
            holder = r
            for k in at[:-1]: holder = holder[k]
            k = at[-1]; old = holder[k]
            if how == "remove": holder["x-" + k] = holder.pop(k)
            elif how == "swap": old[0], old[-1] = old[-1], old[0]
            elif how == "drop": old.pop()
            elif how == "text": holder[k] = old + "x"
            elif how == "flip": holder[k] = not old
            elif how == "number": holder[k] = old + 1
        done.append({"scenario": loaded[p]["scenario"], "step": loaded[p]["steps"][n]["id"], "how": how, "at": at})
    for p, s in loaded.items(): dump_json(os.path.join(a.out, os.path.relpath(p, a.input)), s)
    dump_json(os.path.join(a.out, "mutations.json"), done)
    print("altered %d answers" % len(done))


def listing(a):
    steps = relaxed = 0
    for p in files(a.input):
        s = json.load(open(p)); steps += len(s["steps"])
        print("%-52s %3d  %s" % (s["scenario"], len(s["steps"]), s["about"]))
        for st in s["steps"]:
            for r in st.get("skew", []): relaxed += 1; print("      %s %s: %s" % (st["id"], r["path"], r["why"]))
    print("%d scenarios, %d steps, %d relaxed fields, %d general rules" % (len(files(a.input)), steps, relaxed, len(GLOBAL)))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="command", required=True)
    c = sub.add_parser("record"); c.set_defaults(run=record)
    for x in ("--server", "--tokens", "--scenarios", "--out"): c.add_argument(x, required=True)
    c.add_argument("--only")
    c = sub.add_parser("replay"); c.set_defaults(run=replay)
    for x in ("--server", "--tokens"): c.add_argument(x, required=True)
    c.add_argument("--in", dest="input", required=True); c.add_argument("--report"); c.add_argument("--only")
    c.add_argument("--exact", action="store_true", help="relax nothing: for the release that the answers come from")
    for x in ("--reverse", "--verbose", "--quiet"): c.add_argument(x, action="store_true")
    c = sub.add_parser("mutate"); c.set_defaults(run=mutate)
    c.add_argument("--in", dest="input", required=True); c.add_argument("--out", required=True)
    c.add_argument("--count", type=int, default=30); c.add_argument("--seed", type=int, default=1)
    c = sub.add_parser("list"); c.set_defaults(run=listing); c.add_argument("--in", dest="input", required=True)
    a = p.parse_args()
    return a.run(a)


if __name__ == "__main__":
    sys.exit(main())
