/** What an admin may do to others. A refusal becomes a sentence for the person. */
export class Moderation {
  #request;
  #decide;
  #notice;

  /** `request(method, params)` as of Calls, `decide(id)` is told whose knocking was answered and returns our token, `notice(words)`. */
  constructor({ request, decide, notice }) {
    this.#request = request;
    this.#decide = decide;
    this.#notice = notice;
  }

  allow(id) { return this.#ask('allow_member', { member: id, auth_token: this.#decide(id) }); }
  reject(id) { return this.#ask('reject_member', { member: id, auth_token: this.#decide(id) }); }
  remove(id) { return this.#ask('remove_member', { member: id }); }

  /** `kind` is `audio` or `video`. */
  mute(id, kind, isMuted) {
    return this.#ask(`${isMuted ? 'mute' : 'unmute'}_member_${kind}`, { member: id });
  }

  /** Resolves with a row for each of those invited, `{destination, error?}`, or null. */
  async invite(extens) {
    return (await this.#ask('invite_exten', { extens }))?.invited ?? null;
  }

  async #ask(method, params) {
    try {
      return await this.#request(method, params);
    } catch (error) {
      this.#notice(`That was not possible: ${error.message}.`);
      return null;
    }
  }
}
