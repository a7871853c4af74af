import DequeModule
import Glibc
import NIOCore

/// What is still to be sent to the client of one connection: in order, each piece not before its time, and no faster
/// than the traffic allows. Lives on the connection's event loop.
final class Outlet {
    private enum Item {
        case bytes(ByteBuffer, notBefore: NIODeadline)
        case close(reset: Bool)
    }

    private let channel: any Channel
    private let traffic: () -> Traffic
    private var items: Deque<Item> = []
    private var isScheduled = false

    init(channel: any Channel, traffic: @escaping () -> Traffic) {
        self.channel = channel
        self.traffic = traffic
    }

    func send(_ bytes: ByteBuffer, after delay: Duration = .zero) {
        var delay = delay
        if case .delayed(let duration) = traffic() { delay += duration }
        items.append(.bytes(bytes, notBefore: .now() + TimeAmount(delay)))
        drain()
    }

    /// Closes the connection once everything before this has been sent.
    func close(reset: Bool = false) {
        items.append(.close(reset: reset))
        drain()
    }

    private func drain() {
        guard !isScheduled else { return }
        while let item = items.first {
            switch item {
            case .close(let reset):
                items.removeAll()
                if reset { resetChannel() } else { channel.close(promise: nil) }
                return
            case .bytes(var bytes, let due):
                guard due <= .now() else { return drain(at: due) }
                items.removeFirst()
                guard case .trickle(let rate) = traffic() else {
                    channel.writeAndFlush(bytes, promise: nil)
                    continue
                }
                // A hundredth of a second's worth at a time, and at least a byte.
                let piece = max(1, rate / 100)
                if let head = bytes.readSlice(length: min(piece, bytes.readableBytes)) {
                    channel.writeAndFlush(head, promise: nil)
                }
                if bytes.readableBytes > 0 { items.prepend(.bytes(bytes, notBefore: due)) }
                return drain(at: .now() + .nanoseconds(Int64(piece) * 1_000_000_000 / Int64(max(1, rate))))
            }
        }
    }

    private func drain(at moment: NIODeadline) {
        isScheduled = true
        let this = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.eventLoop.scheduleTask(deadline: moment) {
            this.value.isScheduled = false
            this.value.drain()
        }
    }

    /// Closes with RST on TCP; a unix socket knows no RST.
    private func resetChannel() {
        let channel = channel
        guard channel.localAddress?.protocol != .unix, let options = channel as? any SocketOptionProvider else {
            return channel.close(promise: nil)
        }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
    }
}
