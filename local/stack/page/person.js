// One person: signed in or not.
import { createClient } from '../client.js';
import { showChats } from './chats.js';
import { el, sentence, show } from './dom.js';
import { showProfile, showSignIn } from './sign-in.js';

export class Person {
  #place;
  #options;
  #client;

  /** `url` is where this person's API is, `api` where the stack is that catches the mail. */
  constructor(place, options) {
    this.#place = place;
    this.#options = options;
    this.#client = createClient({ url: options.url });
  }

  /** Goes on with the session that the browser's cookies keep, if there is one. */
  async start() {
    this.signIn();
    // Scripts cannot read tokens. A page on the API's own host sees their markers in `document.cookie`; this one may be elsewhere,
    // so it notes itself whether there is a session to ask for.
    if (!localStorage.getItem(this.#note)) return;
    show(this.#place, el('p', {}, 'One moment …'));
    try {
      await this.#enter();
    } catch (error) {
      if (error.status === 401) this.#ended('Your session is over: sign in again.');
      else this.signIn(`${sentence(error)} Load this page again to go on with your session.`);
    }
  }

  get #note() {
    return `signed-in-${this.#options.key}`;
  }

  /** Shows the form to sign in, and why, if there is something to say. */
  signIn(reason = '') {
    const { title, api, email, fullName } = this.#options;
    showSignIn(this.#place, {
      client: this.#client,
      api,
      title,
      email,
      reason,
      // A new address has to be given a name before the sign-in counts.
      done: async ({ email, isComplete }) => {
        if (isComplete) await this.#enter();
        else showProfile(this.#place, { client: this.#client, email, fullName, done: () => this.#enter() });
      },
    });
  }

  async #enter() {
    const { userdata: user } = await this.#client.userDetails();
    localStorage.setItem(this.#note, 'yes');
    showChats(this.#place, {
      client: this.#client,
      user,
      edit: (back) => showProfile(this.#place, { client: this.#client, ...user, back, done: () => this.#enter() }),
      ended: (reason) => this.#ended(reason),
    });
  }

  #ended(reason) {
    localStorage.removeItem(this.#note);
    this.signIn(reason);
  }
}
