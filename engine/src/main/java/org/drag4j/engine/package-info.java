/**
 * drag4j in a program: an engine that owns a device and a model, and jobs that go in from any
 * thread.
 *
 * {@snippet :
 * try (var engine = Engine.start(Setup.of("cpu"))) {
 *   var document = Documents.of("a cat", Drag.region(handle, target));
 *   var job = Job.edit(model, document, picture).following(event -> show(event));
 *   var edited = engine.submit(job).await().picture();
 * }
 * }
 *
 * <p>{@link org.drag4j.engine.Edit} reads documents and pictures from files, and says what a result
 * carries. Where one thread does one edit, {@link org.drag4j.pipeline.Pipeline} and {@link
 * org.drag4j.session.Editor} do the same without a thread of their own.
 */
@NullMarked
package org.drag4j.engine;

import org.jspecify.annotations.NullMarked;
