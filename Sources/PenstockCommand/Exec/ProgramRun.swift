import Penstock
import Subprocess

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension Program {
    /// What one run left behind.
    struct Outcome: Sendable {
        let status: TerminationStatus
        let output: BoundedOutput
        let errors: BoundedOutput
    }

    /// Runs the program once: payload in, both outputs out, all three at the same time. It leads a process group of its
    /// own, and nothing of that group outlives the run. Cancelled: the group gets SIGTERM, after the grace SIGKILL.
    func run(payload: [UInt8], variables: [String: String]) async throws -> Outcome {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: killGrace)
        ]
        let environment = Environment.inherit.updating(
            Dictionary(uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0), Optional($1)) }))
        let resultLimit = resultLimit
        var group: pid_t?
        // Whoever is left of the group when the program itself has ended. Nobody can have taken its number yet: numbers
        // are given out in a circle.
        defer { if let group { kill(-group, SIGKILL) } }
        let result = try await Subprocess.run(
            .path(path), arguments: .init(executablePathOverride: name, remainingValues: arguments),
            environment: environment, platformOptions: options, input: PayloadInput(bytes: payload), output: .sequence,
            error: .sequence
        ) { execution in
            group = execution.processIdentifier.value
            async let errors = BoundedOutput.read(execution.standardError, keeping: .end, limit: Self.errorLimit)
            let output = try await BoundedOutput.read(execution.standardOutput, keeping: .beginning, limit: resultLimit)
            return (output: output, errors: try await errors)
        }
        return Outcome(
            status: result.terminationStatus, output: result.closureResult.output, errors: result.closureResult.errors)
    }
}

/// Writes the payload to the program's standard input, as far as it reads.
struct PayloadInput: InputProtocol {
    let bytes: [UInt8]

    func write(with writer: StandardInputWriter) async throws {
        // A program that does not read everything, or nothing, has not failed for that.
        _ = try? await writer.write(bytes)
    }
}
