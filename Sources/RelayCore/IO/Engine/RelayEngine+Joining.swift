public import RelayControl
internal import RelayProtocol

extension RelayEngine {
    public func join(
        room id: RoomID, participant: ParticipantID, offer: String, wanted: TrackSelection?
    ) throws(RelayError) -> Production {
        throw .unusableDescription("this relay does not mix sound yet")
    }

    public func subscribe(
        room id: RoomID, participant: ParticipantID, offer: String, videos: [WantedVideo]
    ) throws(RelayError) -> String {
        throw .unusableDescription("this relay answers no offers of subscribers yet")
    }

    public func unsubscribe(room id: RoomID, participant: ParticipantID) {}
}
