/** The details view: what the browser's statistics say about each connection, as a table, every second while open. */
export class Details {
  #dialog;
  #rows;
  #meeting = null;
  #timer = 0;
  #previous = new Map();

  constructor(dialog, rows) {
    this.#dialog = dialog;
    this.#rows = rows;
    dialog.addEventListener('close', () => clearInterval(this.#timer));
  }

  open(meeting) {
    this.#meeting = meeting;
    this.#dialog.showModal();
    this.#refresh();
    this.#timer = setInterval(() => this.#refresh(), 1_000);
  }

  close() {
    this.#dialog.close();
  }

  async #refresh() {
    const connections = [];
    if (this.#meeting.publisher) connections.push(['You, sent', this.#meeting.publisher.connection]);
    for (const { name, subscriber } of this.#meeting.users.values()) {
      if (subscriber?.connection) connections.push([name, subscriber.connection]);
    }
    const seen = new Map();
    const rows = [];
    for (const [who, connection] of connections) {
      const report = await connection.getStats();
      rows.push(...summarise(report, this.#previous, seen).map((cells) => [who, cells.what, connection.connectionState, ...cells.rest]));
    }
    this.#previous = seen;
    this.#rows.replaceChildren(...(rows.length ? rows : [['Nothing is sent or received yet']]).map(row));
  }
}

/** One line for each stream in a report. `previous` and `seen` hold byte counts by stream, for rates. */
function summarise(report, previous, seen) {
  const all = [...report.values()];
  const pair = all.find(({ type, nominated, state }) => type === 'candidate-pair' && nominated && state === 'succeeded');
  const lines = [];
  for (const stream of all) {
    const isSent = stream.type === 'outbound-rtp';
    if (!isSent && stream.type !== 'inbound-rtp') continue;
    const bytes = isSent ? stream.bytesSent : stream.bytesReceived;
    const key = `${stream.type} ${stream.ssrc}`;
    const before = previous.get(key);
    seen.set(key, { bytes, time: stream.timestamp });
    const rate = before && stream.timestamp > before.time ? ((bytes - before.bytes) * 8) / (stream.timestamp - before.time) : null;
    const remote = isSent ? all.find(({ type, localId }) => type === 'remote-inbound-rtp' && localId === stream.id) : null;
    const lost = isSent ? remote?.fractionLost : lossShare(stream);
    const rtt = remote?.roundTripTime ?? pair?.currentRoundTripTime;
    lines.push({
      what: stream.kind === 'audio' ? 'sound' : 'picture',
      rest: [
        rate === null ? '–' : String(Math.max(0, Math.round(rate))),
        stream.frameWidth ? `${stream.frameWidth}×${stream.frameHeight}` : '–',
        stream.framesPerSecond ? String(Math.round(stream.framesPerSecond)) : '–',
        lost === undefined ? '–' : `${(lost * 100).toFixed(1)} %`,
        rtt === undefined ? '–' : `${Math.round(rtt * 1_000)} ms`,
        report.get(stream.codecId)?.mimeType.split('/')[1] ?? '–',
      ],
    });
  }
  return lines;
}

function lossShare({ packetsLost = 0, packetsReceived = 0 }) {
  const expected = packetsLost + packetsReceived;
  return expected > 0 ? Math.max(0, packetsLost) / expected : undefined;
}

function row(cells) {
  const element = document.createElement('tr');
  element.append(...cells.map((text) => {
    const cell = document.createElement('td');
    cell.textContent = text;
    return cell;
  }));
  return element;
}
