import { render } from 'preact';
import { App } from './app.js';
import './frame/frame.css';
import './images/images.css';
import './threshold/threshold.css';
import './find/find.css';
import './enrol/enrol.css';
import './map/map.css';

const page = document.getElementById('page');
if (page !== null) {
  page.replaceChildren();
  render(<App />, page);
}
