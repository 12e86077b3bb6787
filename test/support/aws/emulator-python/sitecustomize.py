"""Python runs this before ministack. KMS and S3 speak HTTP/1.1; hypercorn's HTTP/2 leaves streams without an answer."""

from hypercorn.config import Config

Config.alpn_protocols = ["http/1.1"]
