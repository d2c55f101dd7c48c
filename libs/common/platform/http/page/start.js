// The document stands beside the page: /intake/docs shows /intake/openapi.json, /docs the document of all four.
SwaggerUIBundle({
  dom_id: "#page",
  url: new URL("openapi.json", location.href).href,
  deepLinking: true,
  filter: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
