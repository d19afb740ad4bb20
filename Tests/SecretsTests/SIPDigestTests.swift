import Secrets
import Testing

@Suite struct SIPDigestTests {
    /// As `printf 'Mufasa:testrealm@host.com:Circle Of Life' | md5sum` has it: the example of RFC 2617, section 3.5.
    @Test func isTheDigestThatTelephonesAnswerWith() {
        let digest = SIPDigest.ha1(username: "Mufasa", realm: "testrealm@host.com", password: "Circle Of Life")
        #expect(digest == "939e7578ed9e3c518a452acee763bce9")
    }
}
