// Compiled with: Sources/PenstockCommand/Input/JSONSyntax.swift

import Foundation

/// A payload of the command: taken for JSON where Foundation does, and refused where it does not.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    var problem: JSONSyntax.Problem?
    do { try JSONSyntax.check(bytes) } catch { problem = error }
    precondition((0...count).contains(problem?.offset ?? 0), "a place outside of the text")
    let isTaken = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
    if let problem {
        // Foundation also reads UTF-16 and UTF-32, passes over a byte order mark, and over a comma after the last element.
        let isOtherwiseEncoded = bytes.contains(0) || bytes.first.map { $0 >= 0xEF } == true
        let hasComma = bytes[..<problem.offset].last { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: ",")
        precondition(!isTaken || isOtherwiseEncoded || hasComma, "refused: \(problem)")
    } else {
        // Foundation refuses numbers that no Double holds, and halves of surrogate pairs: JSON all the same.
        let isBeyondFoundation = bytes.contains { "\\0123456789".utf8.contains($0) }
        precondition(isTaken || isBeyondFoundation, "taken, and not JSON")
    }
    return 0
}
