// One of the two people, signed in or not.
import { createClient } from '../client.js';
import { showChats } from './chats.js';
import { el, sentence, show } from './dom.js';
import { showProfile, showSignIn } from './sign-in.js';

/** A person with their own session. */
export class Person {
  #place;
  #options;
  #client;

  /** `url` is the API for this person; `api` is the stack, which captures the e-mail. */
  constructor(place, options) {
    this.#place = place;
    this.#options = options;
    this.#client = createClient({ url: options.url });
  }

  /** Resumes the session in the browser's cookies, if any. */
  async start() {
    this.signIn();
    // Scripts cannot read the tokens. On the API's host they can read companion cookies, but this
    // page may be on another host, so it keeps its own record of whether there is a session.
    if (!localStorage.getItem(this.#note)) return;
    show(this.#place, el('p', {}, 'Loading …'));
    try {
      await this.#enter();
    } catch (error) {
      if (error.status === 401) this.#ended('Your session has ended. Sign in again.');
      else this.signIn(`${sentence(error)} Reload the page to resume your session.`);
    }
  }

  get #note() {
    return `signed-in-${this.#options.key}`;
  }

  /** Shows the sign-in form, with the reason, if any. */
  signIn(reason = '') {
    const { title, api, email, fullName } = this.#options;
    showSignIn(this.#place, {
      client: this.#client,
      api,
      title,
      email,
      reason,
      // A new user must enter a name before the session can be used.
      done: async ({ email, isComplete }) => {
        if (isComplete) await this.#enter();
        else
          showProfile(this.#place, {
            client: this.#client,
            email,
            fullName,
            done: () => this.#enter(),
          });
      },
    });
  }

  async #enter() {
    const { userdata: user } = await this.#client.userDetails();
    localStorage.setItem(this.#note, 'yes');
    showChats(this.#place, {
      client: this.#client,
      user,
      edit: (back) =>
        showProfile(this.#place, {
          client: this.#client,
          ...user,
          back,
          done: () => this.#enter(),
        }),
      ended: (reason) => this.#ended(reason),
    });
  }

  #ended(reason) {
    localStorage.removeItem(this.#note);
    this.signIn(reason);
  }
}
