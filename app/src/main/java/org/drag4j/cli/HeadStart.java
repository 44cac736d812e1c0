package org.drag4j.cli;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.drag4j.cli.option.EngineOptions;
import org.drag4j.geometry.RegionMask;
import org.drag4j.method.Documents;
import org.drag4j.method.Preview;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureFiles;
import org.drag4j.picture.PictureMetadata;
import org.drag4j.session.CheckedEdit;

/**
 * What another core can do while this one loads the classes of the command line: load those that
 * documents and pictures need, and have the kernels of the usual device compiled.
 */
final class HeadStart {
  private static final Set<String> EDITS = Set.of("edit", "sweep", "batch", "drag", "demo");
  private static final int SIDE = 16;

  /** The smallest document of one drag. */
  private static final String DOCUMENT =
      """
      { "format": "drag-edit/1", "image": { "file": "x" },
        "drags": [ { "handle": { "rectangle": [0, 0, 16, 16] },
                     "target": { "rectangle": [0, 0, 16, 16] } } ] }
      """;

  private HeadStart() {}

  /** Begins with what the command will need, as far as its name and the names of options tell. */
  static void of(Map<String, String> environment, String... args) {
    var command = args.length > 0 ? args[0] : "";
    boolean edits = EDITS.contains(command);
    if (edits || command.equals("preview")) {
      start("documents", HeadStart::documents);
    }
    if (edits && EngineOptions.isUsual(environment, args)) {
      start("device", () -> new EngineOptions().setup().prepare());
    }
  }

  private static void start(String what, Runnable work) {
    var thread = new Thread(work, "head start: " + what);
    thread.setDaemon(true);
    // Whatever fails here fails again where it is reported.
    thread.setUncaughtExceptionHandler((_, _) -> {});
    thread.start();
  }

  private static void documents() {
    var _ = preview(Picture.of(SIDE, SIDE, new byte[SIDE * SIDE * 3]));
  }

  /** All that a preview does, but for files. */
  static Picture preview(Picture picture) {
    var document = Documents.parse("", DOCUMENT.getBytes(StandardCharsets.UTF_8));
    var edit = CheckedEdit.of(document, picture);
    var tasks = edit.tasks(SIDE, RegionMask.CELL);
    var preview = edit.previews(tasks, Preview.Detail.CELLS).getLast();
    return PictureFiles.decode(
        "", PictureFiles.png(preview.picture(), PictureMetadata.NONE), _ -> {});
  }
}
