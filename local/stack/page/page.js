// The page: two people, and the activity of the stack.
import { showActivity } from './activity.js';
import { Person } from './person.js';

// The backend. By default, it is the one that serves this page. `/?api=http://localhost:3000`
// selects another one, which must allow this page's origin.
const api = new URLSearchParams(location.search).get('api') ?? location.origin;

const part = (id) => document.getElementById(id);

new Person(part('first'), {
  key: 'first',
  title: 'First person',
  url: api,
  api,
  email: 'ada@example.com',
  fullName: 'Ada',
}).start();

// A browser keeps one set of cookies per host. For the second person, the local stack serves the
// API again at another path, with cookies for that path only.
new Person(part('second'), {
  key: 'second',
  title: 'Second person',
  url: `${api}/_local/second`,
  api,
  email: 'bob@example.com',
  fullName: 'Bob',
}).start();

showActivity({ api, entries: part('entries'), totals: part('totals'), clear: part('clear') });
