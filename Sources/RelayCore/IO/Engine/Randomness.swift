internal import COpenSSL

/// Random names and digests for negotiations.
enum Randomness {
    private static let iceCharacters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    /// Characters that ICE allows (RFC 8445, section 5.3), 6 bits each, from the system's secure generator.
    static func iceString(_ count: Int) -> String {
        String((0..<count).map { _ in iceCharacters[Int.random(in: 0..<iceCharacters.count)] })
    }

    /// SHA-256 in lower-case hexadecimal.
    static func sha256(_ text: String) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        let bytes = Array(text.utf8)
        EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
