// Brings the search fields of a plain form to life.

import { makePicker } from "./picker.js"

for (const root of document.querySelectorAll("[data-pickers] [data-picker]")) makePicker(root)
