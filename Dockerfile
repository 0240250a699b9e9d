# lobbyd in a container: built in one stage, run in another that has neither compiler nor sources, as a user without rights.
# It writes nothing, so the root may be read-only:
#
#   docker build -t lobbyd .
#   docker run --read-only --cap-drop=ALL --ulimit nofile=1048576 -p 4000:4000 lobbyd
#
# With a file of rooms and limits, whose server.listen has to be 0.0.0.0:4000, as arguments take the place of CMD:
#
#   docker run … -v ./lobbyd.toml:/etc/lobbyd/lobbyd.toml:ro lobbyd --config /etc/lobbyd/lobbyd.toml
#
# There is no HEALTHCHECK: it would need a client in the image. Whatever runs the container asks /healthz and /readyz.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin lobbyd \
 && install -D --strip target/release/lobbyd /out/lobbyd

# The same release as above: the binary needs the C library it was built with, or a newer one.
FROM debian:bookworm-slim
COPY --from=build /out/lobbyd /usr/local/bin/lobbyd
# Of nobody; by number, so that runAsNonRoot can tell that it is not root.
USER 65532:65532
EXPOSE 4000
# Its end by SIGTERM may take as long as drain.deadline_ms and 6 s: give it more than that
# (--stop-timeout, terminationGracePeriodSeconds).
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/lobbyd"]
CMD ["--listen", "0.0.0.0:4000"]
