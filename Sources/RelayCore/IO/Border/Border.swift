/// One worker's border with all others. One thread's own.
final class Border {
    /// By number; nil for the worker itself.
    let neighbours: [Neighbour?]
    let inlet: Inlet?
    /// The neighbour whose turn it was.
    private var turn = 0

    /// - Parameter inlets: every worker's; empty where there is only one.
    init(of worker: Int, inlets: [Inlet], pool: PacketPool) {
        inlet = inlets.indices.contains(worker) ? inlets[worker] : nil
        neighbours = inlets.indices.map { Neighbour($0, of: worker, inlets: inlets, pool: pool) }
    }

    func neighbour(_ number: Int) -> Neighbour? { neighbours.indices.contains(number) ? neighbours[number] : nil }

    /// The neighbours in turn, so that none has to wait for another that never ends.
    func nextNeighbour() -> Neighbour? {
        turn = turn + 1 < neighbours.count ? turn + 1 : 0
        return neighbour(turn)
    }

    /// Wakes whoever has got something that does not wait.
    @inline(__always)
    func ring() {
        for neighbour in neighbours { neighbour?.ring() }
    }

    /// Every few milliseconds: shows what could wait, and takes slots back.
    func tick() {
        for neighbour in neighbours {
            neighbour?.settle()
            neighbour?.ringAnyway()
        }
    }
}
