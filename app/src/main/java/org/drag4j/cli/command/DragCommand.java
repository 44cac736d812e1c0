package org.drag4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.EditOptions;
import org.drag4j.cli.option.GlimpseOptions;
import org.drag4j.cli.option.OutputFile;
import org.drag4j.cli.option.Position;
import org.drag4j.cli.option.Rectangle;
import org.drag4j.document.EditDocument;
import org.drag4j.document.MaskFiles;
import org.drag4j.engine.Edit;
import org.drag4j.engine.Keeping;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.Move;
import org.drag4j.geometry.Point;
import org.drag4j.method.Documents;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drag4j drag}: moves rectangles of a picture. */
@Command(
    name = "drag",
    description = "Move rectangles of a picture; the picture is a PNG, JPEG, WebP or BMP.",
    mixinStandardHelpOptions = true)
public final class DragCommand implements Callable<Integer> {
  private final Host host;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "IMAGE", description = "The picture.")
  Path image = Path.of("");

  @Option(
      names = "--from",
      required = true,
      paramLabel = "x,y,w,h",
      converter = Rectangle.Converter.class,
      description = "What to move, in pixels of the picture; may be repeated.")
  List<Rectangle> from = new ArrayList<>();

  @Option(
      names = "--to",
      paramLabel = "x,y,w,h",
      converter = Rectangle.Converter.class,
      description =
          "Where to; one for each --from, in the same order. Or --by, --rotate and --scale.")
  List<Rectangle> to = new ArrayList<>();

  @Option(
      names = "--by",
      paramLabel = "x,y",
      converter = Position.Converter.class,
      description =
          "How far to move it, in pixels of the picture. One holds for every --from; else one for"
              + " each, in the same order.")
  List<Point> by = new ArrayList<>();

  @Option(
      names = "--rotate",
      paramLabel = "DEGREES",
      description = "How far to turn it, clockwise as seen; as often as --by.")
  List<Double> rotate = new ArrayList<>();

  @Option(
      names = "--scale",
      paramLabel = "FACTOR",
      description = "How many times as large it becomes; as often as --by.")
  List<Double> scale = new ArrayList<>();

  @Option(
      names = "--about",
      paramLabel = "x,y",
      converter = Position.Converter.class,
      description =
          "The point about which --rotate and --scale work; as often as --by. Default: the middle"
              + " of each --from.")
  List<Point> about = new ArrayList<>();

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "What the picture shows.")
  String prompt = "";

  @Option(
      names = "--mask",
      paramLabel = "MASK.png",
      description =
          "What may change, as large as the picture: where it is bright. Default: handles and"
              + " targets, and what is around them.")
  Optional<Path> mask = Optional.empty();

  @Option(
      names = "--save",
      paramLabel = "DOC.json",
      description =
          "Write the edit document as well, before the edit; without a model and -o nothing else is"
              + " done.")
  Optional<Path> save = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.png",
      description = "The edited picture. Default: IMAGE-edited.png in the current folder.")
  Optional<Path> output = Optional.empty();

  @Mixin final EditOptions options = new EditOptions();
  @Mixin final GlimpseOptions glimpses = new GlimpseOptions();

  /** Runs in this process. */
  public DragCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() throws Exception {
    options.run.engine.check(spec);
    var drags = drags();
    boolean alone = save.isPresent() && options.run.model.folder().isEmpty() && output.isEmpty();
    Optional<OutputFile> saved =
        save.isPresent()
            ? Optional.of(options.overwrite.file(spec, "--save", save.get()))
            : Optional.empty();
    if (saved.isPresent()) {
      saved.get().check(sources());
    }
    var progress = options.run.show.progress(spec, host);
    var out = alone ? Optional.<OutputFile>empty() : Optional.of(out(saved));
    var document = document(drags, progress::warn);
    var folder = Edit.folder(save.orElse(image));
    var edit = Edit.of(folder, document, Optional.of(image), progress::warn);
    if (saved.isPresent()) {
      saved.get().write(document.toJson());
    }
    if (out.isEmpty()) {
      var size = ModelSize.of(options.run.model, document, folder);
      var tasks = edit.checked().tasks(size.side(), size.factor());
      edit.checked().warnings(tasks).forEach(progress::warn);
      var err = spec.commandLine().getErr();
      err.println("drag4j: the document alone was written; name a --model to edit as well");
      err.flush();
      var name = saved.map(OutputFile::path).map(Path::toString).orElse("");
      var json = new LinkedHashMap<String, Object>();
      json.put("document", name);
      json.put("warnings", progress.takeWarnings());
      options.run.show.print(spec, json, name);
      return ExitCode.OK;
    }
    options.run.engine.setup().prepare();
    var keeping = options.keeping(spec, Keeping.NOTHING);
    try (progress) {
      var edited =
          Edited.of(
              edit,
              options.run.model.required(),
              out.get(),
              options.run.engine,
              keeping,
              glimpses,
              options.metadata,
              progress);
      edited.save(options.metadata, progress);
      edited.print(spec, options.run, progress);
    }
    return ExitCode.OK;
  }

  /** Where the edited picture goes, checked before anything is read or written. */
  private OutputFile out(Optional<OutputFile> saved) throws IOException {
    var out =
        options.overwrite.picture(spec, output.orElseGet(() -> OutputFile.edited(image)), save);
    out.check(sources());
    glimpses.check(spec, out, sources());
    if (saved.isPresent()) {
      out.checkApart(saved.get());
    }
    return out;
  }

  /** What is read. */
  private Path[] sources() {
    return Stream.concat(Stream.of(image), mask.stream()).toArray(Path[]::new);
  }

  private List<Drag> drags() {
    boolean moved = !by.isEmpty() || !rotate.isEmpty() || !scale.isEmpty();
    if (to.isEmpty() && !moved) {
      throw refused("--to: expected x,y,w,h, or else --by, --rotate or --scale, got nothing");
    }
    if (!to.isEmpty() && (moved || !about.isEmpty())) {
      throw refused("--to: expected none beside --by, --rotate, --scale and --about, got one");
    }
    if (!moved && from.size() != to.size()) {
      throw refused("--to: expected one for each of " + from.size() + " --from, got " + to.size());
    }
    return IntStream.range(0, from.size())
        .mapToObj(i ->
            moved
                ? Drag.moved(from.get(i).area(), move(i))
                : Drag.region(from.get(i).area(), to.get(i).area()))
        .toList();
  }

  private Move move(int i) {
    var shift = of("--by", by, i).orElse(new Point(0, 0));
    double turn = of("--rotate", rotate, i).orElse(0.0);
    double size = of("--scale", scale, i).orElse(1.0);
    var centre = of("--about", about, i);
    try {
      return new Move(shift, turn, size, centre);
    } catch (EditDocumentException e) {
      String message = String.valueOf(e.getMessage());
      throw refused(
          e.where().equals("move")
              ? "--by" + message.substring("move".length())
              : "--" + message.substring("move.".length()));
    }
  }

  /** The value of an option for one of the regions. */
  private <T> Optional<T> of(String option, List<T> values, int i) {
    if (values.size() > 1 && values.size() != from.size()) {
      throw refused(
          "%s: expected one, or one for each of %d --from, got %d"
              .formatted(option, from.size(), values.size()));
    }
    return values.isEmpty() ? Optional.empty() : Optional.of(values.get(i % values.size()));
  }

  private ParameterException refused(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private EditDocument document(List<Drag> drags, Consumer<String> warnings) {
    var folder = Edit.folder(save.orElse(image));
    var name = Edit.name(image, folder);
    var document =
        Documents.of(new EditDocument.Image(name, Optional.empty()), prompt, drags)
            .withMask(mask.map(png -> Edit.mask(png, folder, warnings)));
    var masks = MaskFiles.in(folder, warnings);
    // Cells can be neither turned nor scaled, pixels can.
    var suited =
        drags.stream().flatMap(drag -> drag.move().stream()).allMatch(Move::isShift)
            ? document
            : Documents.set(document, "drag", List.of("method.variant=cp-then-encode"), masks);
    return options.document.applied(suited, masks);
  }
}
