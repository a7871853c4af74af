// swift-tools-version:6.1
import PackageDescription

let package = Package(
    name: "penstock-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "penstock", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    ],
    targets: [
        .executableTarget(
            name: "penstock-bench",
            dependencies: [
                .product(name: "Penstock", package: "penstock"),
                .product(name: "EmbeddedRedis", package: "penstock"),
                .product(name: "RedisClient", package: "penstock"),
                .product(name: "PenstockTesting", package: "penstock"),
                // The command, which is measured too: built beside this executable.
                .product(name: "penstock", package: "penstock"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
