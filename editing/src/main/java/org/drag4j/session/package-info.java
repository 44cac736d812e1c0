/**
 * Carries edit documents out: drag4j as a library.
 *
 * {@snippet :
 * try (var device = Devices.open("cpu", DeviceOptions.DEFAULT);
 *     var pipeline = Pipeline.open(ModelFolder.open(folder), device, PlanOptions.DEFAULT)) {
 *   var document = EditDocument.of("a cat", Drag.region(handle, target));
 *   var edited = Editor.edit(document, picture, pipeline, Progress.NONE).picture();
 * }
 * }
 *
 * <p>A {@link org.drag4j.pipeline.Pipeline} and its device are used by one thread at a time, which
 * need not be the same always; documents, pictures and results are immutable and belong to nobody.
 * The pipeline is closed before its device. {@link org.drag4j.pipeline.Progress} follows an edit
 * and stops it, on the thread that edits.
 */
@NullMarked
package org.drag4j.session;

import org.jspecify.annotations.NullMarked;
