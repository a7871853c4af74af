import Crypto
import EmbeddedRedis
import Logging
import Penstock
import ServiceLifecycle

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

// A folder of files is worked through, a few at a time. The results come in the order of the files, and a file that is
// missing is a result like any other.
//
//     swift run example-media

/// Where the files are, and which.
struct Album: Codable, Sendable {
    var folder: String
    var files: [String]
}

struct Checksum: Codable, Sendable, Equatable {
    var file: String
    var bytes: Int
    var sha256: String
}

/// What goes wrong with one file is told beside the results of the others; with `forEach` it would fail the step.
func makeCatalogue() throws -> Workflow<Album, [Checksum]> {
    try Workflow("catalogue", input: Album.self) { flow in
        // The first closure lists the items, the second one is called for each, four at a time.
        let checksums = flow.forEachCollecting(
            "checksums", concurrency: 4, retry: .fixed(.milliseconds(50), attempts: 2)
        ) { album, _ in
            album.files
        } run: { file, context in
            let album: Album = try await context.input()
            let content = try Data(contentsOf: URL(filePath: "\(album.folder)/\(file)"))
            return Checksum(file: file, bytes: content.count, sha256: hexadecimal(SHA256.hash(data: content)))
        }

        return flow.step("sum-up", after: checksums) { album, context in
            var good: [Checksum] = []
            for (file, result) in zip(album.files, try await context[checksums]) {
                switch result {
                case .succeeded(let checksum): good.append(checksum)
                case .failed(let reason): print("  \(file) failed: \(reason.prefix(60))...")
                }
            }
            return good
        }
    }
}

func hexadecimal(_ digest: SHA256.Digest) -> String {
    digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// Something did not come out as it should.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
}

func expect(_ isAsExpected: Bool, _ what: String) throws {
    guard isAsExpected else { throw Unexpected(description: "not as expected: \(what)") }
}

/// Twenty files of growing size in a folder of their own, which is gone afterwards.
func withAlbum(
    isolation: isolated (any Actor)? = #isolation, _ body: (Album) async throws -> Void
) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "penstock-media-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // The first one is "abc", whose checksum stands in the standard.
    try Data("abc".utf8).write(to: folder.appending(path: "photo-0"))
    for number in 1..<20 {
        let content = Data((0..<number * 10_000).map { UInt8(truncatingIfNeeded: $0 &* number) })
        try content.write(to: folder.appending(path: "photo-\(number)"))
    }
    try await body(Album(folder: folder.path(), files: (0..<20).map { "photo-\($0)" }))
}

@main struct Media {
    static func main() async throws {
        let catalogue = try makeCatalogue()
        try await EmbeddedRedis.withRedis { redis in
            var logger = Logger(label: "media")
            logger.logLevel = .error
            let penstock = try Penstock(.init(url: redis.url, namespace: "media"), logger: logger)
            let worker = Worker(penstock)
            worker.handle(catalogue)
            let services = ServiceGroup(services: [penstock, worker], logger: logger)
            async let serving: Void = services.run()

            try await withAlbum { album in
                var album = album
                album.files.insert("lost", at: 7)
                print("\(album.files.count) files, one of which is not there:")
                let run = try await penstock.start(catalogue, album)
                let checksums = try await run.output()
                for checksum in checksums.prefix(3) {
                    print("  \(checksum.sha256.prefix(16))...  \(checksum.bytes) bytes  \(checksum.file)")
                }
                print("  and \(checksums.count - 3) more")
                try expect(checksums.map(\.file) == album.files.filter { $0 != "lost" }, "the order of the results")
                let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
                try expect(checksums[0].sha256 == known, checksums[0].sha256)

                guard let items = try await run.run.status().steps.first?.fanOut else {
                    throw Unexpected(description: "the step has no items")
                }
                print("  \(items.done) of \(items.total) items have ended, \(items.failed) of them failed\n")
                try expect(items == .init(total: 21, done: 21, failed: 1), "\(items)")
            }
            print("All as expected.")
            await services.triggerGracefulShutdown()
            try await serving
        }
    }
}
