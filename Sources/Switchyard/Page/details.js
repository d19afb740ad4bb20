import { PersonCard } from './person.js';
import { progress, read } from './readings.js';

/**
 * The details view: each connection with the last minute as charts, and all streams as a table, every second while open.
 *
 * What a picture looks like when it arrives is from the browser's own statistics; what the relay makes of the network, and which
 * layer it sends and why, only the relay knows (`requestStatistics` of the meeting).
 */
export class Details {
  #dialog;
  #people;
  #rows;
  #meeting = null;
  #timer = 0;
  #previous = new Map();
  #cards = new Map();

  constructor({ dialog, people, rows }) {
    this.#dialog = dialog;
    this.#people = people;
    this.#rows = rows;
    dialog.addEventListener('close', () => {
      clearInterval(this.#timer);
      this.#cards.clear();
      this.#people.replaceChildren();
    });
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
    const meeting = this.#meeting;
    meeting.requestStatistics();
    const connections = [];
    if (meeting.publisher) connections.push({ id: 'me', name: 'You, sent', connection: meeting.publisher.connection });
    for (const user of meeting.users.values()) {
      if (user.subscriber?.connection) connections.push({ id: user.id, name: user.name, user, connection: user.subscriber.connection });
    }
    const reports = await Promise.all(connections.map(({ connection }) => connection.getStats()));
    if (!this.#dialog.open || meeting !== this.#meeting) return;
    const seen = new Map();
    const rows = [];
    this.#keepOnly(new Set(connections.map(({ id }) => id)));
    connections.forEach((each, index) => {
      const reading = read(reports[index]);
      const steps = new Map(reading.streams.map((stream) => [stream.key, progress(stream, this.#previous.get(stream.key))]));
      for (const stream of reading.streams) seen.set(stream.key, stream);
      rows.push(...reading.streams.map((stream) => cells(each, stream, steps.get(stream.key))));
      this.#draw(each, reading, [...steps.values()].filter(Boolean));
    });
    this.#previous = seen;
    this.#rows.replaceChildren(...(rows.length ? rows : [['Nothing is sent or received yet']]).map(row));
  }

  #keepOnly(ids) {
    for (const [id, card] of this.#cards) {
      if (ids.has(id)) continue;
      card.element.remove();
      this.#cards.delete(id);
    }
  }

  #draw({ id, name, user, connection }, reading, steps) {
    let card = this.#cards.get(id);
    if (!card) {
      card = new PersonCard(user && ((choice) => this.#meeting.want(id, choice)));
      this.#cards.set(id, card);
      this.#people.append(card.element);
    }
    const { facts, notes, values } = user ? this.#received(user, reading) : this.#sent(reading);
    const due = steps.reduce((sum, step) => sum + step.due, 0);
    card.describe({ name, state: connection.connectionState, wanted: user?.wanted, facts, notes });
    card.add({
      bitrate: steps.length ? steps.reduce((sum, step) => sum + step.bitrate, 0) : null,
      loss: due ? (steps.reduce((sum, step) => sum + step.lost, 0) / due) * 100 : null,
      rtt: reading.rtt === null ? null : reading.rtt * 1_000,
      ...values,
    });
  }

  #received(user, { streams }) {
    const row = this.#meeting.statistics.consume?.find(({ id }) => id === user.id);
    const track = row?.tracks?.find(({ kind }) => kind === 'video');
    const picture = streams.find(({ kind, fps, width }) => kind === 'video' && (fps || width));
    const waits = track?.target && track.layer && layerName(track.target) !== layerName(track.layer);
    return {
      facts: [
        picture?.width && `${picture.width}×${picture.height}`, picture?.codec, track?.layer && `layer ${layerName(track.layer)}`,
        track?.layer_changes > 0 && count(track.layer_changes, 'change of layer', 'changes of layer'),
        track?.freezes_avoided > 0 && count(track.freezes_avoided, 'freeze avoided', 'freezes avoided'),
        track?.packets_held_back > 0 && count(track.packets_held_back, 'packet held back', 'packets held back'),
      ],
      notes: [
        user.wanted === 'paused' && 'You have paused this picture.',
        track?.held_back && 'The network bears less than the picture asked for.',
        waits && `Changing to layer ${layerName(track.target)} at its next keyframe.`,
      ],
      values: {
        fps: picture?.fps ?? null,
        estimate: row?.estimate ?? null,
        layer: track ? (track.layer ? track.layer.height ?? picture?.height ?? null : 0) : null,
      },
    };
  }

  #sent({ streams, available }) {
    const pictures = streams.filter(({ kind, fps, height }) => kind === 'video' && fps > 0 && height > 0)
      .sort((a, b) => a.height - b.height);
    const track = this.#meeting.statistics.produce?.tracks?.find(({ kind }) => kind === 'video');
    const largest = pictures.at(-1);
    return {
      facts: [
        pictures.map(({ width, height }) => `${width}×${height}`).join(', '), largest?.codec,
        track?.keyframes_requested > 0 && count(track.keyframes_requested, 'keyframe asked for', 'keyframes asked for'),
      ],
      notes: [],
      values: { fps: largest?.fps ?? null, estimate: available, layer: largest?.height ?? null },
    };
  }
}

/** `f, T1`: the publisher's name for the encoding, or its place; spatial layer where there are several; temporal layer. */
function layerName({ rid, encoding, spatial, temporal }) {
  return [rid ?? String(encoding), spatial > 0 && `S${spatial}`, temporal > 0 && `T${temporal}`].filter(Boolean).join(', ');
}

const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;

function cells({ name, connection }, stream, step) {
  return [
    name,
    stream.kind === 'audio' ? 'sound' : `picture${stream.rid ? ` ${stream.rid}` : ''}`,
    connection.connectionState,
    step ? String(Math.round(step.bitrate / 1_000)) : '–',
    stream.width ? `${stream.width}×${stream.height}` : '–',
    stream.fps ? String(Math.round(stream.fps)) : '–',
    stream.lostShare === undefined ? '–' : `${(stream.lostShare * 100).toFixed(1)} %`,
    stream.rtt === undefined ? '–' : `${Math.round(stream.rtt * 1_000)} ms`,
    stream.codec ?? '–',
  ];
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
