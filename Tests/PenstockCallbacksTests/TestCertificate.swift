import NIOSSL

/// A certificate for hooks.example.test that signed itself, with its key. Of tests, and trusted nowhere else.
enum TestCertificate {
    static let name = "hooks.example.test"

    static var certificate: NIOSSLCertificate {
        get throws { try NIOSSLCertificate(bytes: Array(certificatePEM.utf8), format: .pem) }
    }

    static var serverContext: NIOSSLContext {
        get throws {
            let key = try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)
            return try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: [.certificate(certificate)], privateKey: .privateKey(key)))
        }
    }

    private static let certificatePEM = """
        -----BEGIN CERTIFICATE-----
        MIIBZTCCAQugAwIBAgIBATAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZQZW5zdG9j
        ayB0ZXN0IHJlY2VpdmVyMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAw
        WjAhMR8wHQYDVQQDDBZQZW5zdG9jayB0ZXN0IHJlY2VpdmVyMFkwEwYHKoZIzj0C
        AQYIKoZIzj0DAQcDQgAE5b0/bWSjfO6A1/X3UqGw5UE9X4S67t4LD9do3My9/mT3
        RhfosF1F2neZnqnc+HL3xyY9EENtScGUaG7SOriSbqMyMDAwHQYDVR0RBBYwFIIS
        aG9va3MuZXhhbXBsZS50ZXN0MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
        SAAwRQIgKn4abDEE0g4srk0cwXXf052he+uBkkDiG3SWni7xiKsCIQCSiXMfrrl5
        fjmmHB46h5WtMh5dpHbWkLBFdbdafUdG0g==
        -----END CERTIFICATE-----
        """

    private static let keyPEM = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgk2ygwHB1/rqVQ6oV
        jdKbV6He5EfIWvJIYi8v/M3FPbihRANCAATlvT9tZKN87oDX9fdSobDlQT1fhLru
        3gsP12jczL3+ZPdGF+iwXUXad5meqdz4cvfHJj0QQ21JwZRobtI6uJJu
        -----END PRIVATE KEY-----
        """
}
