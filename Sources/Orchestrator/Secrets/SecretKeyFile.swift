internal import Glibc

/// The file with the server's key: `secret.key` in the data directory, 64 hexadecimal digits, readable by its owner only.
public enum SecretKeyFile {
    /// Its name.
    public static let name = "secret.key"

    /// Reads the key of a data directory; where there is none yet, makes one first. Blocks; two servers that start
    /// at the same time end up with the same key.
    public static func open(directory: String) throws(SecretKeyFileError) -> SecretKey {
        let path = "\(directory)/\(name)"
        if let key = try read(path) { return key }
        try write(SecretKey.random(), to: path, in: directory)
        guard let key = try read(path) else { throw .system(path: path, reason: "it went away") }
        return key
    }

    /// Nil where there is no file.
    private static func read(_ path: String) throws(SecretKeyFileError) -> SecretKey? {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        if file < 0 {
            if errno == ENOENT { return nil }
            throw failure(path)
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure(path) }
        // Its group may read it, as where an orchestrator mounts secrets.
        guard status.st_mode & 0o037 == 0 else { throw .tooOpen(path: path, mode: status.st_mode & 0o777) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else { throw failure(path) }
        let text = bytes.prefix(count).filter { ![0x0A, 0x0D, 0x20].contains($0) }
        guard let key = SecretKey(hexadecimal: text) else { throw .malformed(path: path) }
        return key
    }

    /// Writes it whole under another name and links that, so that nobody ever reads a part of it and an existing key
    /// is never replaced.
    private static func write(_ key: SecretKey, to path: String, in directory: String) throws(SecretKeyFileError) {
        let draft = "\(path).\(RandomKey.text().prefix(8))"
        let file = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(path) }
        defer { unlink(draft) }
        let text = Array((key.hexadecimal + "\n").utf8)
        let isWritten = Glibc.write(file, text, text.count) == text.count && fsync(file) == 0
        let reason = errno
        close(file)
        guard isWritten else { throw .system(path: path, reason: String(cString: strerror(reason))) }
        guard link(draft, path) == 0 || errno == EEXIST else { throw failure(path) }
        let folder = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private static func failure(_ path: String) -> SecretKeyFileError {
        .system(path: path, reason: String(cString: strerror(errno)))
    }
}

/// Why there is no key.
public enum SecretKeyFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Others than its owner may read it, or its group may change it.
    case tooOpen(path: String, mode: UInt32)
    /// It does not hold a key.
    case malformed(path: String)
    /// What the operating system refused.
    case system(path: String, reason: String)

    public var description: String {
        switch self {
        case .tooOpen(let path, let mode):
            "\(path) is open to others (mode \(String(mode, radix: 8))); run: chmod 600 \(path)"
        case .malformed(let path):
            "\(path) is not a key of 64 hexadecimal digits; put back the one that was there, without which kept secrets "
                + "cannot be read"
        case .system(let path, let reason): "cannot use \(path): \(reason)"
        }
    }
}
