# SPDX-License-Identifier: Apache-2.0
"""Seeds of the target multipart: python multipart_seeds.py DIR"""
import pathlib
import sys

JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\r\n--\r\n-\r\xff\xd9"


def form(*parts, boundary=b"XyZ", end=b"--\r\n"):
    """Each part: its header lines, and its content."""
    lines = b"".join(b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary, b"\r\n".join(headers), content) for *headers, content in parts)
    return b"multipart/form-data; boundary=%s\n" % boundary + lines + b"--" + boundary + end


def field(name, *parameters):
    return b"; ".join([b'Content-Disposition: form-data; name="%s"' % name, *parameters])


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    curl = (field(b"input", b'filename="a.jpg"'), b"Content-Type: image/jpeg", JPEG)
    seeds = [
        form(curl, boundary=b"------------------------d74496d66958873e"),
        form(curl, curl, boundary=b"----WebKitFormBoundary7MA4YWxkTrZu0gW"),
        form((field(b"left", b'filename="C:\\a\\b.png"'), b"Content-Type: image/png", b"\x89PNG\r\n\x1a\n"),
             (field(b"right"), b"text")),
        form((b"content-disposition:form-data;name=x;filename*=UTF-8''%e2%82%ac", b"X-Other: \xc3\xa4", b"Content-Length: 3", b"abc")),
        form((field(b'a\\"b\\\\', b'filename=""'), b"Content-Type: application/octet-stream", b"")),
        form((field(b"x"), b"Content-Transfer-Encoding: binary", b"Content-Type: application/json; charset=utf-8", b'{"a":[1]}'), end=b"--"),
        b'multipart/form-data; charset=utf-8; boundary="a b(c)"\n--a b(c) \t\r\n' + field(b"x") + b"\r\n\r\n--a b(c)-- \r\n",
        b"multipart/form-data; boundary=b\n--b--\r\n",
        form(*[(field(b"x"), b"%d" % i) for i in range(21)]),
        form((field(b"x"), b"A: " + b"a" * 300, b"long")),
        form((field(b"x"), b"--XyZmore\r\n--XyZ")),
        form((field(b"x"), b"cut"), end=b""),
    ]
    for number, seed in enumerate(seeds):
        (folder / f"{number:02}").write_bytes(seed)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
