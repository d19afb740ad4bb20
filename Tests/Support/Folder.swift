package import Glibc

/// A new directory that goes, with the files in it, when nobody holds this any more.
package final class Folder {
    package let path: String

    package init() throws {
        var template = Array("/tmp/switchyard-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FolderError() }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    /// What is in it.
    package var names: Set<String> {
        guard let entries = opendir(path) else { return [] }
        defer { closedir(entries) }
        var names: Set<String> = []
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { $0.prefix { $0 != 0 } }
            names.insert(String(decoding: name, as: UTF8.self))
        }
        return names.subtracting([".", ".."])
    }

    /// Makes, or replaces, a file in it.
    package func write(_ bytes: some Collection<UInt8>, to name: String, mode: mode_t = 0o600) throws {
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode)
        guard file >= 0 else { throw FolderError() }
        defer { close(file) }
        let bytes = Array(bytes)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count, fchmod(file, mode) == 0 else { throw FolderError() }
    }

    /// The bytes of a file in it.
    package func read(_ name: String) throws -> [UInt8] {
        let file = open("\(path)/\(name)", O_RDONLY)
        guard file >= 0 else { throw FolderError() }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count <= 0 { return bytes }
            bytes += buffer.prefix(count)
        }
    }

    /// The permissions of a file in it.
    package func mode(of name: String) -> mode_t {
        var status = stat()
        return stat("\(path)/\(name)", &status) == 0 ? status.st_mode & 0o7777 : 0
    }
}

/// A test's files cannot be made; `errno` says why.
package struct FolderError: Error {
    package let reason = String(cString: strerror(errno))
}
