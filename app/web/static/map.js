// The map page: one map kept in step with the ranked list and the details of the chosen place.
//
// The server has already written the list, a drawn map and, for a link to a place, its details. This script
// replaces the drawn map by a living one; whatever fails leaves the drawn map standing.
// <html data-mapready> says how it went: "yes", or "none" for the drawn map.

import * as maplibregl from './vendor/maplibre-gl/dist/maplibre-gl.mjs';
import { BOLD, EMPTY, REGULAR, basemapStyle } from './basemap.js';

const HEAT = ['#fbe6b0', '#f5b54f', '#df7a22', '#b1440e', '#742608'];
const PINS = { 'pin-light': ['#17262e', '#ffffff'], 'pin-dark': ['#f3efe6', '#12191d'] }; // fill and edge
const PIN_SIZE = 23; // pixels across
const CONTROLS = 64; // pixels at the left edge: the buttons, and half a pin beside them
const CLOSE_UP = 15.5; // no closer than this by itself: the surroundings tell where a place is

const $ = selector => document.querySelector(selector);
const $$ = selector => [...document.querySelectorAll(selector)];
const holder = $('#map'), column = $('.mapcol'), detail = $('#detalj'), list = $('#lista'), workspace = $('.ws');
const otherLanguage = $('a[hreflang]');
const dark = matchMedia('(prefers-color-scheme: dark)');
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const covering = matchMedia('(max-width: 71.99rem) and (min-width: 52.01rem)'); // details lie on the list
const stacked = matchMedia('(max-width: 52rem)'); // map, details and list below each other
const beside = matchMedia('(min-width: 72rem)'); // details lie on the map's right side

const bounds = holder.dataset.bounds.split(' ').map(Number);
const numbers = text => text.split(' ').filter(Boolean).map(Number);
const limits = numbers(holder.dataset.limits), steps = numbers(holder.dataset.steps);

const boxes = new Map(); // the box around each place's outline
let map = null;
let near = null; // the place under the pointer or the keyboard's focus
let chosen = $('.spot[aria-current]')?.dataset.id ?? null;

const ready = how => { document.documentElement.dataset.mapready = how; };
const notice = name => { $(`[data-notice=${name}]`).hidden = false; };

// ---------------------------------------------------------------- the map

function heatColour() {
  const colours = steps.map(step => HEAT[step - 1]);
  if (colours.length < 2) return colours[0] ?? HEAT[2];
  return ['step', ['get', 'count'], colours[0], ...limits.slice(1).flatMap((limit, i) => [limit, colours[i + 1]])];
}

function style(places, pins) {
  const isDark = dark.matches, ink = isDark ? '#f3efe6' : '#10222b', edge = isDark ? '#ffd9a0' : '#7a3208';
  const isNear = ['boolean', ['feature-state', 'near'], false];
  const isChosen = ['boolean', ['feature-state', 'chosen'], false];
  const base = basemapStyle(holder.dataset.basemap ?? EMPTY, isDark);
  base.sources.places = { type: 'geojson', data: places, promoteId: 'id', buffer: 32 };
  base.sources.pins = { type: 'geojson', data: pins };
  const firstName = base.layers.findIndex(layer => layer.type === 'symbol');
  base.layers.splice(firstName, 0, {
    id: 'place-areas', type: 'fill', source: 'places',
    layout: { 'fill-sort-key': ['-', ['get', 'count']] }, // the large below the small
    paint: {
      'fill-color': heatColour(),
      'fill-opacity': ['interpolate', ['linear'], ['zoom'],
        13, ['case', ['any', isChosen, isNear], 0.92, 0.76], 15.5, ['case', ['any', isChosen, isNear], 0.5, 0.38]],
    },
  }, {
    id: 'place-edges', type: 'line', source: 'places',
    paint: {
      'line-color': ['case', ['any', isChosen, isNear], ink, edge],
      'line-width': ['interpolate', ['linear'], ['zoom'],
        13, ['case', isChosen, 3.5, isNear, 2.5, 1.2], 15, ['case', isChosen, 5, isNear, 4, 2]],
    },
  });
  base.layers.push({
    id: 'pins', type: 'symbol', source: 'pins',
    layout: {
      // Where numbers would lie on each other the higher rank is shown; the other comes when zooming in.
      'icon-image': isDark ? 'pin-dark' : 'pin-light', 'symbol-sort-key': ['get', 'rank'],
      'icon-size': ['interpolate', ['linear'], ['zoom'], 11, 0.75, 13.5, 1],
      'text-field': ['to-string', ['get', 'rank']], 'text-font': BOLD,
      'text-size': ['interpolate', ['linear'], ['zoom'], 11, 10, 13.5, 13],
      'icon-padding': 1, 'text-padding': 0, 'text-ignore-placement': true, 'text-allow-overlap': true,
    },
    paint: { 'text-color': isDark ? '#12191d' : '#ffffff' },
  });
  return base;
}

function pinImage(fill, edge) {
  const size = PIN_SIZE * 2, canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
  const pen = canvas.getContext('2d');
  pen.arc(size / 2, size / 2, size / 2 - 3, 0, 2 * Math.PI);
  pen.fillStyle = fill; pen.fill();
  pen.lineWidth = 4; pen.strokeStyle = edge; pen.stroke();
  return pen.getImageData(0, 0, size, size);
}

/** The numbered pins mirror the list, so both always show the same ranking. */
function pinsOfList() {
  return {
    type: 'FeatureCollection',
    features: $$('.spot').map(({ dataset }) => ({
      type: 'Feature', properties: { id: dataset.id, rank: +dataset.rank },
      geometry: { type: 'Point', coordinates: [+dataset.lon, +dataset.lat] },
    })),
  };
}

/** The outlines of the places in the list, of the very run that the list was made from. */
async function outlines() {
  const answer = await fetch(holder.dataset.hotspots, { headers: { accept: 'application/geo+json, application/json' } });
  if (!answer.ok) throw new Error(`hot spots: ${answer.status}`);
  const { features } = await answer.json(), listed = new Set($$('.spot').map(spot => spot.dataset.id));
  const wanted = features.filter(feature => listed.has(String(feature.id)));
  for (const { id, geometry } of wanted) {
    const box = new maplibregl.LngLatBounds();
    geometry.coordinates.flat(geometry.type === 'MultiPolygon' ? 2 : 1).forEach(point => box.extend(point));
    boxes.set(id, box);
  }
  return {
    type: 'FeatureCollection',
    features: wanted.map(({ id, geometry, properties }) =>
      ({ type: 'Feature', geometry, properties: { id, count: properties.count } })),
  };
}

// No number lies under the buttons or the legend, which stands below the map where all is stacked.
const homeView = () => ({
  padding: {
    top: 40, bottom: stacked.matches ? 70 : $('.legend').offsetHeight + 60, left: CONTROLS, right: detailWidth() + 40,
  },
  maxZoom: CLOSE_UP,
});
const detailWidth = () => (beside.matches && !detail.hidden ? detail.offsetWidth : 0);
const showAll = () => map.fitBounds(bounds, { ...homeView(), animate: !calm.matches });

class HomeControl {
  onAdd() {
    this.box = document.createElement('div');
    this.box.className = 'maplibregl-ctrl maplibregl-ctrl-group';
    const button = this.box.appendChild(document.createElement('button'));
    button.type = 'button'; button.className = 'home';
    button.ariaLabel = button.title = texts.Home;
    button.append($('#home-icon').content.cloneNode(true));
    button.addEventListener('click', showAll);
    return this.box;
  }
  onRemove() { this.box.remove(); }
}

const texts = JSON.parse(holder.dataset.texts);

function createMap(places) {
  const pins = pinsOfList();
  holder.hidden = false;
  map = new maplibregl.Map({
    container: holder, style: style(places, pins), bounds, fitBoundsOptions: homeView(), locale: texts,
    minZoom: 4, maxZoom: 18, maxPitch: 0, dragRotate: false, fadeDuration: 0, attributionControl: false,
    cooperativeGestures: stacked.matches, // one finger scrolls the page, two move the map
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), 'top-left');
  map.addControl(new HomeControl(), 'top-left');
  map.addControl(new maplibregl.FullscreenControl({ container: column }), 'top-left');
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 110 }), 'bottom-left');
  map.setMissingStyleImageResolver(id => {
    if (id in PINS) map.addImage(id, pinImage(...PINS[id]), { pixelRatio: 2 });
  });
  map.once('load', () => {
    column.classList.add('is-live');
    if (chosen) { mark(chosen, 'chosen', true); goTo(chosen); }
    map.once('idle', () => ready('yes'));
  });
  map.on('mousemove', 'place-areas', event => {
    setNear(topmost(event)); map.getCanvas().style.cursor = 'pointer';
  });
  map.on('mouseleave', 'place-areas', () => { setNear(null); map.getCanvas().style.cursor = ''; });
  map.on('click', event => {
    const [hit] = map.queryRenderedFeatures(event.point, { layers: ['pins', 'place-areas'] });
    if (hit) spot(hit.properties.id)?.click();
  });
  dark.addEventListener('change', () => map.setStyle(style(places, pins), { diff: true }));
}

const topmost = event => event.features[0]?.properties.id ?? null;

async function start() {
  let places;
  try {
    places = await outlines();
  } catch {
    notice('late');
    return ready('none');
  }
  await Promise.allSettled([...REGULAR, ...BOLD].map(name => document.fonts.load(`16px "${name}"`)));
  try {
    createMap(places);
  } catch {
    holder.hidden = true; // no WebGL here
    map = null;
    notice('drawn');
    ready('none');
  }
}

// ---------------------------------------------------------------- map, list and details in step

const spot = id => $(`.spot[data-id="${CSS.escape(id)}"]`);

function mark(id, state, on) {
  if (id === null) return;
  if (map?.getSource('places')) map.setFeatureState({ source: 'places', id }, { [state]: on });
  $(`.spot-mark[data-id="${CSS.escape(id)}"]`)?.classList.toggle(`is-${state}`, on);
}

function setNear(id) {
  if (id === near) return;
  if (near !== null) spot(near)?.classList.remove('is-near');
  mark(near, 'near', false);
  near = id;
  if (near !== null) spot(near)?.classList.add('is-near');
  mark(near, 'near', true);
}

function setChosen(id) {
  if (chosen !== null) spot(chosen)?.removeAttribute('aria-current');
  mark(chosen, 'chosen', false);
  chosen = id;
  mark(chosen, 'chosen', true);
  otherLanguage.search = new URLSearchParams({ ...(chosen && { plats: chosen }), lang: otherLanguage.hreflang });
  if (chosen === null) return;
  spot(chosen)?.setAttribute('aria-current', 'true');
  if (!covering.matches) spot(chosen)?.scrollIntoView({ block: 'nearest', behavior: calm.matches ? 'auto' : 'smooth' });
  goTo(chosen);
}

function goTo(id) {
  const box = boxes.get(id);
  if (!map || !box) return;
  const room = Math.min(holder.offsetWidth - detailWidth(), holder.offsetHeight) / 4;
  map.fitBounds(box, {
    padding: { top: room, bottom: room, left: Math.max(room, CONTROLS), right: detailWidth() + room },
    maxZoom: CLOSE_UP, linear: true, duration: calm.matches ? 0 : 500,
  });
}

function openDetail() {
  detail.hidden = false;
  workspace.classList.add('has-detail');
  list.inert = covering.matches;
}

function closeDetail() {
  if (detail.hidden) return;
  const row = chosen === null ? null : spot(chosen);
  detail.hidden = true;
  detail.replaceChildren();
  workspace.classList.remove('has-detail');
  list.inert = false;
  setChosen(null);
  history.replaceState(history.state, '', '/karta');
  row?.focus();
}

const spotAt = event => event.target.closest('.spot')?.dataset.id ?? null;
list.addEventListener('pointerover', event => setNear(spotAt(event)));
list.addEventListener('pointerleave', () => setNear(null));
list.addEventListener('focusin', event => setNear(spotAt(event)));
list.addEventListener('focusout', () => setNear(null));
const drawn = $('.overview');
drawn?.addEventListener('pointerover', event => setNear(event.target.closest('.spot-mark')?.dataset.id ?? null));
drawn?.addEventListener('pointerleave', () => setNear(null));
drawn?.addEventListener('click', event => spot(event.target.closest('.spot-mark')?.dataset.id ?? '')?.click());
covering.addEventListener('change', () => { list.inert = covering.matches && !detail.hidden; });

document.addEventListener('htmx:after:swap', () => {
  const place = detail.querySelector('[data-place]');
  if (!place || place.dataset.place === chosen && !detail.hidden) return;
  openDetail();
  setChosen(place.dataset.place);
  detail.scrollTop = 0;
  place.querySelector('h2').focus({ preventScroll: beside.matches || covering.matches });
});
document.addEventListener('htmx:error', () => notice('offline'));
document.addEventListener('click', event => {
  if (!event.target.closest('[data-close]')) return;
  event.preventDefault();
  closeDetail();
});
document.addEventListener('keydown', event => { if (event.key === 'Escape') closeDetail(); });

list.inert = covering.matches && !detail.hidden;
start();
