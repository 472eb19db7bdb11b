// Starts everything. Modules listen on the document, so content that arrives later needs no starting of its own.
import "./copy.js";
import "./dialog.js";
import "./draft.js";
import "./forms.js";
import "./keys.js";
import "./live.js";
import "./pane.js";
import "./rows.js";
import "./tabs.js";
import "./time.js";
import "./unsaved.js";
