// swift-tools-version:6.1
import PackageDescription

// The arrows of the architecture: a target may import only what it lists here, and Tests/ArchitectureTests holds
// every `import` line in Sources to the same table. Arrows point down; PenstockModel is the bottom.

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let inMemoryTracing = Target.Dependency.product(name: "InMemoryTracing", package: "swift-distributed-tracing")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func example(_ name: String, _ folder: String, _ more: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: "example-\(name)", dependencies: ["Penstock", "EmbeddedRedis", serviceLifecycle, logging] + more,
        path: "Sources/Examples/\(folder)")
}

let package = Package(
    name: "penstock",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Penstock", targets: ["Penstock"]),
        .library(name: "PenstockObservability", targets: ["PenstockObservability"]),
        .library(name: "PenstockCallbacks", targets: ["PenstockCallbacks"]),
        .library(name: "PenstockTesting", targets: ["PenstockTesting"]),
        .library(name: "EmbeddedRedis", targets: ["EmbeddedRedis"]),
        .library(name: "RedisClient", targets: ["RedisClient"]),
        .executable(name: "penstock", targets: ["PenstockCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    ],
    targets: [
        // Vocabulary and pure decisions. No IO, no Redis, nothing of ours below it.
        .target(name: "PenstockModel"),

        // The wire: hiredis parses, SwiftNIO carries.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]),
        .target(name: "RedisClient", dependencies: ["CHiredis", nioCore, nioPosix, logging, collections]),

        // The only module that knows a key or a script.
        .target(name: "PenstockStore", dependencies: ["PenstockModel", "RedisClient", logging]),

        // Claim loop, execution slots, heartbeats, wake-ups.
        .target(
            name: "PenstockRuntime",
            dependencies: [
                "PenstockModel", "PenstockStore", "RedisClient", serviceLifecycle, logging, collections,
            ]),

        // What users type.
        .target(
            name: "Penstock",
            dependencies: [
                "PenstockModel", "PenstockStore", "PenstockRuntime", "RedisClient", nioCore, nioPosix, serviceLifecycle,
                logging,
            ]),

        // Middleware for tracing and metrics, apart from the core so that nobody links them unasked.
        .target(name: "PenstockObservability", dependencies: ["Penstock", tracing, metrics]),

        // HTTP callbacks of runs: signed, sent to checked addresses only. Apart from the core because it brings TLS.
        .target(name: "PenstockCallbacks", dependencies: ["Penstock", nioCore, nioPosix, nioHTTP, nioTLS, crypto]),

        // A private redis-server, and the test kit on top of it.
        // EmbeddedRedis talks one PING over a plain socket and needs nothing of ours.
        .target(name: "CSystemCalls"),
        .target(name: "EmbeddedRedis", dependencies: ["CSystemCalls"]),
        .target(
            name: "PenstockTesting",
            dependencies: [
                "Penstock", "PenstockModel", "PenstockStore", "RedisClient", "EmbeddedRedis", nioCore, nioPosix,
                collections,
            ]),

        .executableTarget(
            name: "PenstockCommand",
            dependencies: [
                "Penstock", "EmbeddedRedis", argumentParser, subprocess, systemPackage, crypto, serviceLifecycle,
                unixSignals, logging,
            ]),

        // Workflows to read and to run: `swift run example-orders`. No products, since nobody depends on them.
        example("orders", "Orders"),
        example("approval", "Approval"),
        example("media", "Media", [crypto]),
        example("signup", "SignUp"),

        // lua/ -> Sources/PenstockStore/Generated/Scripts.swift
        .target(name: "ScriptRendering", dependencies: [crypto, subprocess, systemPackage]),
        .executableTarget(name: "RenderScripts", dependencies: ["ScriptRendering"]),

        // Whether the tests of the store notice a fault in any one place of lua/: see `make mutants`.
        .executableTarget(
            name: "LuaMutants", dependencies: ["ScriptRendering", "PenstockTesting"], path: "Tests/LuaMutants"),

        .testTarget(name: "PenstockModelTests", dependencies: ["PenstockModel", "PenstockTesting"]),
        .testTarget(name: "RedisClientTests", dependencies: ["RedisClient", "PenstockTesting", "EmbeddedRedis"]),
        // A process that owns an embedded Redis, for the test that kills it.
        .executableTarget(
            name: "EmbeddedRedisOwner", dependencies: ["EmbeddedRedis"], path: "Tests/EmbeddedRedisOwner"),
        .testTarget(
            name: "EmbeddedRedisTests",
            dependencies: ["EmbeddedRedis", "PenstockTesting", "EmbeddedRedisOwner", "RedisClient", logging]),
        .testTarget(
            name: "PenstockStoreTests",
            dependencies: [
                "PenstockStore", "PenstockTesting", "PenstockModel", "RedisClient", "EmbeddedRedis", logging,
            ]),
        .testTarget(
            name: "PenstockRuntimeTests",
            dependencies: [
                "PenstockModel", "PenstockRuntime", "PenstockStore", "PenstockTesting", "Penstock", logging,
            ]),
        // A worker in a process of its own, for the tests that stop and kill it.
        .executableTarget(
            name: "WorkerProcess",
            dependencies: ["Penstock", "PenstockRuntime", "CTimerCalls", serviceLifecycle, logging],
            path: "Tests/WorkerProcess"),
        // Timers of the kernel where libfaketime is loaded.
        .target(name: "CTimerCalls", path: "Tests/CTimerCalls"),
        // Another one, for workflows.
        .executableTarget(
            name: "RunWorkerProcess",
            dependencies: [
                "Penstock", "PenstockModel", "PenstockRuntime", "PenstockTesting", serviceLifecycle, logging,
            ],
            path: "Tests/RunWorkerProcess"),
        // `make faults`: a workload on processes of its own, faults, and a verdict. Run as `FaultSuite worker` and `FaultSuite
        // producer` it is such a process.
        .executableTarget(
            name: "FaultSuite",
            dependencies: [
                "Penstock", "PenstockModel", "PenstockRuntime", "PenstockStore", "PenstockTesting", "EmbeddedRedis",
                "RedisClient", "CTimerCalls", serviceLifecycle, logging, nioCore, nioPosix, argumentParser,
            ],
            path: "Tests/FaultSuite"),
        .testTarget(name: "FaultSuiteTests", dependencies: ["FaultSuite"]),
        // One that serves a connector.
        .executableTarget(
            name: "ConnectorProcess", dependencies: ["Penstock", serviceLifecycle, logging],
            path: "Tests/ConnectorProcess"),
        .testTarget(
            name: "PenstockTests",
            dependencies: [
                "Penstock", "PenstockModel", "PenstockRuntime", "PenstockStore", "PenstockTesting", "EmbeddedRedis",
                "RedisClient", "WorkerProcess", "RunWorkerProcess", "ConnectorProcess", serviceLifecycle, logging,
            ]),
        .testTarget(
            name: "PenstockObservabilityTests",
            dependencies: [
                "PenstockObservability", "Penstock", "EmbeddedRedis", "PenstockTesting", tracing, inMemoryTracing,
                metrics, metricsTestKit, logging,
            ]),
        .testTarget(
            name: "PenstockCallbacksTests",
            dependencies: [
                "PenstockCallbacks", "Penstock", "EmbeddedRedis", "PenstockTesting", nioCore, nioPosix, nioHTTP, nioTLS,
                logging,
            ]),
        .testTarget(
            name: "PenstockCommandTests",
            dependencies: [
                "PenstockCommand", "Penstock", "PenstockTesting", "EmbeddedRedis", logging, "example-orders",
                "example-approval", "example-media", "example-signup",
            ]),
        .testTarget(
            name: "ArchitectureTests",
            dependencies: [
                "ScriptRendering", "PenstockStore", "PenstockTesting", "RedisClient", subprocess, systemPackage,
            ]),
    ],
    swiftLanguageModes: [.v6]
)
