# syntax=docker/dockerfile:1
# The images of the product, for machines with a container engine:
#
#   docker build --target operator -t issuetracker/operator:0.1.0 .
#   docker build --target sidecar  -t issuetracker/sidecar:0.1.0  .
#   docker build --target consumer -t issuetracker/consumer:0.1.0 .
#
# `cargo xtest images --output DIR` makes the same without an engine: static programs in an otherwise empty root.
FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates cmake perl && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# The C library of GNU systems is linked in, relocations are packed, and libraries in C are small before fast. With a target
# named, build scripts and macros are spared that.
ENV RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,--pack-dyn-relocs=relr" CFLAGS="-Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables"
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    target="$(rustc -vV | sed -n 's/^host: //p')" && \
    cargo build --locked --profile image --target "$target" \
        --bins -p operator -p sidecar -p shim && \
    cargo build --locked --release --target "$target" --bins -p consumer && \
    mkdir /programs && cp "target/$target/release/issuetracker-consumer" /programs/ && \
    cd "target/$target/image" && cp issuetracker-operator issuetracker-sidecar issuetracker-shim /programs/

# What every program may look for: names, whom to trust, and a place for files that do not stay.
FROM build AS root
RUN mkdir -p /base/etc/ssl/certs /base/tmp && chmod 1777 /base/tmp && \
    printf 'root:x:0:0:root:/:/none\nissuetracker:x:65532:65532::/:/none\n' > /base/etc/passwd && \
    printf 'root:x:0:\nissuetracker:x:65532:\n' > /base/etc/group && \
    printf 'hosts: files dns\n' > /base/etc/nsswitch.conf && \
    cp /etc/ssl/certs/ca-certificates.crt /base/etc/ssl/certs/

FROM scratch AS base
COPY --from=root /base/ /
USER 65532:65532
WORKDIR /

FROM base AS operator
COPY --from=build /programs/issuetracker-operator /
ENTRYPOINT ["/issuetracker-operator"]

# Holds the shim too: an init step of the pod installs it from here.
FROM base AS sidecar
COPY --from=build /programs/issuetracker-sidecar /programs/issuetracker-shim /
ENTRYPOINT ["/issuetracker-sidecar"]

FROM base AS consumer
COPY --from=build /programs/issuetracker-consumer /
ENTRYPOINT ["/issuetracker-consumer"]
