import Glibc

/// A failed system call: what was tried, and why the kernel refused.
package struct SystemError: Error, Sendable, CustomStringConvertible {
    package let call: String
    package let number: Int32

    /// Captures `errno`, so make it right after the call.
    package init(_ call: String, number: Int32 = errno) {
        self.call = call
        self.number = number
    }

    package var description: String { "\(call): \(String(cString: strerror(number)))" }
}
