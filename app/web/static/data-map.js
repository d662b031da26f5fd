// The map of a page of data: the same features as the table below it. Without WebGL the table says it all.

import * as maplibregl from './vendor/maplibre-gl/dist/maplibre-gl.mjs';
import { BOLD, EMPTY, REGULAR, basemapStyle } from './basemap.js';

const holder = document.querySelector('#map');
const dark = matchMedia('(prefers-color-scheme: dark)').matches;
const ready = how => { document.documentElement.dataset.mapready = how; };

function bounds(features) {
  const box = new maplibregl.LngLatBounds();
  const walk = part => (typeof part[0] === 'number' ? box.extend([part[0], part[1]]) : part.forEach(walk));
  features.forEach(feature => feature.geometry && walk(feature.geometry.coordinates));
  return box;
}

async function features() {
  const address = new URL(holder.dataset.features);
  address.searchParams.delete('crs'); // a map draws degrees
  const answer = await fetch(address.pathname + address.search, { headers: { accept: 'application/geo+json' } });
  if (!answer.ok) throw new Error(`features: ${answer.status}`);
  const told = await answer.json();
  return told.type === 'Feature' ? [told] : told.features;
}

function style(found) {
  const ink = dark ? '#ffd9a0' : '#7a3208', base = basemapStyle(holder.dataset.basemap ?? EMPTY, dark);
  base.sources.data = { type: 'geojson', data: { type: 'FeatureCollection', features: found } };
  base.layers.push(
    {
      id: 'areas', type: 'fill', source: 'data', filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': '#df7a22', 'fill-opacity': 0.4 },
    },
    {
      id: 'edges', type: 'line', source: 'data', filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'line-color': ink, 'line-width': 1.5 },
    },
    {
      id: 'points', type: 'circle', source: 'data', filter: ['==', ['geometry-type'], 'Point'],
      paint: { 'circle-color': '#b1440e', 'circle-radius': 5, 'circle-stroke-color': dark ? '#12191d' : '#ffffff', 'circle-stroke-width': 1.2 },
    },
  );
  return base;
}

try {
  const found = await features(), box = bounds(found);
  await Promise.allSettled([...REGULAR, ...BOLD].map(name => document.fonts.load(`16px "${name}"`)));
  const map = new maplibregl.Map({
    container: holder, style: style(found), attributionControl: false, cooperativeGestures: true,
    ...(box.isEmpty() ? { center: [15.5, 60], zoom: 4 } : { bounds: box, fitBoundsOptions: { padding: 40, maxZoom: 15 } }),
  });
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), 'top-left');
  map.once('idle', () => ready('yes'));
} catch {
  holder.parentElement.hidden = true;
  ready('none');
}
