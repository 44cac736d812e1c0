package org.drag4j.cli;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.zip.DataFormatException;
import org.drag4j.edit.EditDocument;
import org.drag4j.edit.Picture;
import org.drag4j.edit.Preview;

/**
 * Loads the classes that documents and pictures need on another core, while this one loads those of
 * the command line: a preview takes little more time than that.
 */
final class HeadStart {
  private static final Set<String> COMMANDS =
      Set.of("edit", "preview", "sweep", "batch", "drag", "demo");
  private static final int SIDE = 16;

  /** The smallest document of one drag. */
  private static final String DOCUMENT =
      """
      { "format": "drag-edit/1", "image": { "file": "x" },
        "drags": [ { "handle": { "rectangle": [0, 0, 16, 16] },
                     "target": { "rectangle": [0, 0, 16, 16] } } ] }
      """;

  private HeadStart() {}

  /** Begins, where the command is one that reads documents. */
  static void of(String... args) {
    if (args.length > 0 && COMMANDS.contains(args[0])) {
      var thread = new Thread(HeadStart::run, "head start");
      thread.setDaemon(true);
      // Whatever fails here fails again where it is reported.
      thread.setUncaughtExceptionHandler((_, _) -> {});
      thread.start();
    }
  }

  private static void run() {
    try {
      var _ = preview(Picture.of(SIDE, SIDE, new byte[SIDE * SIDE * 3]));
    } catch (DataFormatException e) {
      throw new IllegalStateException("what is written can be read", e);
    }
  }

  /** All that a preview does, but for files. */
  static Picture preview(Picture picture) throws DataFormatException {
    var document = EditDocument.parse("", DOCUMENT.getBytes(StandardCharsets.UTF_8));
    var preview = Preview.of(document, picture, SIDE, Preview.Detail.CELLS);
    var png = PngFile.parse("", PngPixels.write(preview.picture()));
    return PngPixels.read(png.essential()).orElseThrow();
  }
}
