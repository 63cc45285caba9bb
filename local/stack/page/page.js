// The page: two people and what goes on behind them.
import { showActivity } from './activity.js';
import { Person } from './person.js';

// The backend that serves this page, or another one that allows this page's origin: `/?api=http://localhost:3000`.
const api = new URLSearchParams(location.search).get('api') ?? location.origin;

const part = (id) => document.getElementById(id);

new Person(part('first'), { key: 'first', title: 'First person', url: api, api, email: 'ada@example.com', fullName: 'Ada' }).start();

// A browser has one set of cookies for a host. The local stack serves the API a second time, with cookies for that path alone.
new Person(part('second'), { key: 'second', title: 'Second person', url: `${api}/_local/second`, api, email: 'bob@example.com', fullName: 'Bob' }).start();

showActivity({ api, entries: part('entries'), totals: part('totals'), clear: part('clear') });
