/// Sizes as people type them: 4096, 64KiB, 1MiB.
enum ByteCountText {
    static func parse(_ text: String) throws(ArgumentProblem) -> Int {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text[digits.endIndex...].lowercased()
        guard let count = Int(digits), let factor = factors[unit] else {
            throw ArgumentProblem("write a size like 4096, 64KiB or 1MiB")
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow, bytes <= largest else { throw ArgumentProblem("at most 256MiB are allowed") }
        return bytes
    }

    private static let largest = 256 << 20
    private static let factors = [
        "": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "kib": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "mib": 1 << 20,
    ]
}
