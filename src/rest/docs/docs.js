"use strict";

if (window.SwaggerUIBundle) {
  SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#docs",
    deepLinking: true,
    displayRequestDuration: true,
    // Its default shows the document to a validator elsewhere.
    validatorUrl: null,
  });
} else {
  document.getElementById("trouble").hidden = false;
}
