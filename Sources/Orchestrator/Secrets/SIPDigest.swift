internal import COpenSSL

/// What a SIP telephone's password is digested to, so that its answers to challenges can be checked without the password.
public enum SIPDigest {
    /// HA1: the MD5 of name, realm and password (RFC 7616, section 3.4.2; RFC 3261 telephones know no other), as 32
    /// hexadecimal digits. Whoever has it can answer as the telephone would: keep it sealed.
    /// - Returns: nil where OpenSSL is configured to know no MD5.
    public static func ha1(username: String, realm: String, password: String) -> String? {
        let text = Array("\(username):\(realm):\(password)".utf8)
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard EVP_Digest(text, text.count, &digest, &length, EVP_md5(), nil) == 1 else { return nil }
        let digits = Array("0123456789abcdef")
        return String(digest.prefix(Int(length)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
