# docker build --build-arg SOURCE_VERSION="$(git rev-parse HEAD)" \
#              --build-arg SOURCE_DATE_EPOCH="$(git show -s --format=%ct)" -t funcster-api .

# The files of GraphiQL and Swagger UI, which the build embeds.
FROM node:22-bookworm-slim AS explorer
WORKDIR /src
COPY explorer explorer
RUN npm ci --prefix explorer

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
COPY --from=explorer /src/explorer explorer
# For `funcster-api --version`: there is no repository in here to ask.
ARG SOURCE_VERSION
ARG SOURCE_DATE_EPOCH
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked && cp target/release/funcster-api /
RUN mkdir /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /funcster-api /usr/local/bin/
# SQLite's files, where there is no PostgreSQL. The user is the image's nonroot.
COPY --from=build --chown=65532:65532 /data /data
WORKDIR /data
USER 65532:65532
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["funcster-api", "healthcheck"]
ENTRYPOINT ["funcster-api"]
CMD ["serve"]
