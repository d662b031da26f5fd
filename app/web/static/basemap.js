// The background of the map: a muted style over one GeoJSON file, in light and in dark.

const LIGHT = {
  ground: '#f1efe9', field: '#f0ecda', town: '#e9e6df', block: '#efece6', green: '#d9e4d3', water: '#c3d7df',
  building: '#dcd7cd', buildingEdge: '#cbc5b9', road: '#ffffff', roadEdge: '#cdc8bd', motorway: '#f4ead0',
  rail: '#8d8a84', border: '#75668a', text: '#4b4a46', name: '#55616a', halo: '#f8f6f1',
};
const DARK = {
  ground: '#182126', field: '#20261f', town: '#1d272c', block: '#20292e', green: '#1f322a', water: '#123140',
  building: '#2b363c', buildingEdge: '#35424a', road: '#364249', roadEdge: '#12191d', motorway: '#4a4a3c',
  rail: '#68727a', border: '#9a8bb0', text: '#b9bcb9', name: '#a5b0b6', halo: '#12191d',
};

export const REGULAR = ['Lagesbild Sans'];
export const BOLD = ['Lagesbild Sans Bold'];
export const EMPTY = { type: 'FeatureCollection', features: [] };

// A name moves aside for the numbers of the places instead of disappearing below them.
const GIVING_WAY = { 'text-variable-anchor': ['center', 'top', 'bottom', 'left', 'right'], 'text-radial-offset': 1.5 };

const byZoom = (...stops) => ['interpolate', ['exponential', 1.5], ['zoom'], ...stops];
const ofLayer = layer => ['==', ['get', 'layer'], layer];
const ofKind = (layer, ...kinds) => ['all', ofLayer(layer), ['in', ['get', 'kind'], ['literal', kinds]]];

const area = (layer, color, more = {}) =>
  ({ id: layer, type: 'fill', source: 'basemap', filter: ofLayer(layer), paint: { 'fill-color': color }, ...more });

const line = (id, kinds, color, width, minzoom = 0) => ({
  id, type: 'line', source: 'basemap', minzoom, filter: ofKind('roads', ...kinds),
  layout: { 'line-cap': 'round', 'line-join': 'round' }, paint: { 'line-color': color, 'line-width': width },
});

const label = (id, filter, minzoom, color, halo, layout) => ({
  id, type: 'symbol', source: 'basemap', minzoom, filter,
  layout: { 'text-field': ['get', 'name'], 'text-font': REGULAR, 'text-size': 13, ...layout },
  paint: { 'text-color': color, 'text-halo-color': halo, 'text-halo-width': 1.5 },
});

/** A complete MapLibre style; `data` is the address of the background, or an empty collection. */
export function basemapStyle(data, isDark) {
  const c = isDark ? DARK : LIGHT;
  return {
    version: 8,
    sources: { basemap: { type: 'geojson', data, maxzoom: 15, tolerance: 0.3 } },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': c.ground } },
      area('fields', c.field),
      area('builtup', c.town),
      area('green', c.green),
      area('blocks', c.block),
      area('water', c.water),
      line('street', ['street'], c.road, byZoom(12, 0.6, 15, 4, 18, 16), 12),
      line('secondary-edge', ['secondary'], c.roadEdge, byZoom(11, 1.2, 15, 8, 18, 24), 11),
      line('primary-edge', ['primary'], c.roadEdge, byZoom(9, 1.2, 15, 10, 18, 28)),
      line('secondary', ['secondary'], c.road, byZoom(11, 0.7, 15, 6, 18, 21), 11),
      line('primary', ['primary'], c.road, byZoom(9, 0.7, 15, 8, 18, 25)),
      line('motorway-edge', ['motorway'], c.roadEdge, byZoom(9, 2.4, 15, 13)),
      line('motorway', ['motorway'], c.motorway, byZoom(9, 1.4, 15, 10)),
      line('rail', ['rail'], c.rail, byZoom(9, 0.8, 15, 2.4)),
      area('buildings', c.building, {
        minzoom: 14, paint: { 'fill-color': c.building, 'fill-outline-color': c.buildingEdge },
      }),
      {
        id: 'districts', type: 'line', source: 'basemap', filter: ofLayer('districts'), minzoom: 11,
        paint: { 'line-color': c.border, 'line-width': 1.2, 'line-dasharray': [3, 2], 'line-opacity': 0.35 },
      },
      label('road-names', ['all', ofLayer('roads'), ['has', 'name']], 14.2, c.text, c.halo,
        { 'symbol-placement': 'line', 'text-size': 12.5, 'symbol-spacing': 380 }),
      label('poi-names', ofKind('places', 'poi'), 13.6, c.text, c.halo,
        { 'text-variable-anchor': ['top', 'bottom', 'left', 'right'], 'text-radial-offset': 0.9 }),
      label('district-names', ofKind('places', 'district'), 11.5, c.name, c.halo, {
        'text-field': ['upcase', ['get', 'name']], 'text-font': BOLD, 'text-size': 11.5,
        'text-letter-spacing': 0.08, 'text-max-width': 8, ...GIVING_WAY,
      }),
      {
        ...label('town-names', ofKind('places', 'town'), 0, c.name, c.halo,
          { 'text-font': BOLD, 'text-size': 18, ...GIVING_WAY, 'text-radial-offset': 2.5 }),
        maxzoom: 12.5,
      },
    ],
  };
}
