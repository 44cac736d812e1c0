package org.drag4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.document.Format;
import org.drag4j.document.MaskSource;
import org.drag4j.document.Setting;
import org.drag4j.document.StepRange;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.method.Documents;
import org.drag4j.method.Methods;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.session.Editor;
import org.drag4j.weights.ModelFolder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Both ends of the documented range of every parameter of every method: an edit is carried out, or
 * refused as the range's words say.
 */
class ParameterRangesTest {
  private static final Backend BACKEND = Verified.backend();
  private static final Pipeline PIPELINE =
      Pipeline.open(
          ModelFolder.open(Recordings.SD15.resolve("model")),
          BACKEND,
          Verified.plan(false),
          Pipeline.Residency.KEEP);

  @AfterAll
  static void close() {
    PIPELINE.close();
    BACKEND.close();
  }

  /** A parameter at one end of its range, as a document spells it. */
  record End(String method, RecordComponent parameter, String value) {
    Setting setting() {
      return Objects.requireNonNull(parameter.getAnnotation(Setting.class));
    }

    @Override
    public String toString() {
      return method + "." + parameter.getName() + "=" + shown(value);
    }

    private static String shown(String text) {
      return text.length() > 20 ? text.substring(0, 20) + "..." : text;
    }
  }

  static List<End> ends() {
    var ends = new ArrayList<End>();
    for (var method : Methods.names()) {
      for (var parameter : parameters(method)) {
        values(parameter).forEach(value -> ends.add(new End(method, parameter, value)));
      }
    }
    return ends;
  }

  private static List<RecordComponent> parameters(String method) {
    var components = Methods.settings(method).defaults(Format.V2).getClass().getRecordComponents();
    return List.of(components);
  }

  private static Stream<String> values(RecordComponent parameter) {
    var setting = Objects.requireNonNull(parameter.getAnnotation(Setting.class));
    var type = parameter.getType();
    if (type == StepRange.class) {
      int least = (int) setting.least();
      int most = (int) setting.most();
      return Stream.of(least + "," + least, least + "," + most, most + "," + most)
          .map(two -> "[" + two + "]");
    }
    if (type == String.class) {
      int most = setting.most() == 0 ? 16_384 : (int) setting.most();
      return Stream.of("", "a".repeat(most), "*".repeat(most), "a*".repeat(most / 2))
          .filter(text -> setting.pattern().isEmpty() || Pattern.matches(setting.pattern(), text))
          .map(text -> "\"" + text + "\"");
    }
    if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants())
          .map(choice -> ((Enum<?>) choice).name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }
    if (type == boolean.class) {
      return Stream.of("false", "true");
    }
    return Stream.of(setting.least(), setting.most()).map(value -> number(type, value));
  }

  private static String number(Class<?> type, double value) {
    return type == double.class || type == Optional.class
        ? String.valueOf(value)
        : String.valueOf((long) value);
  }

  @ParameterizedTest
  @MethodSource("ends")
  @Timeout(120)
  void isCarriedOutOrRefusedAsDocumented(End end) {
    var refusal = refusal(end, List.of());
    if (refusal.isEmpty()) {
      return;
    }
    // Another parameter may stand in the way, which then must have a value that does not.
    if (others(end).anyMatch(other -> refusal(end, List.of(other)).isEmpty())) {
      return;
    }
    assertTrue(!end.setting().form().isEmpty(), end + ": " + refusal.get());
    assertTrue(refusal.get().contains(end.parameter().getName() + ": expected"), refusal.get());
  }

  private static Stream<String> others(End end) {
    return parameters(end.method()).stream()
        .filter(other -> !other.equals(end.parameter()) && other.getType().isPrimitive())
        .filter(other -> other.getType() != boolean.class)
        .flatMap(other -> {
          var setting = Objects.requireNonNull(other.getAnnotation(Setting.class));
          double range = setting.most() - setting.least();
          return Stream.of(0.002, 0.75)
              .map(part -> setting.least() + part * range)
              .map(value -> "method." + other.getName() + "=" + number(other.getType(), value));
        });
  }

  /** The message of the refusal, where the edit is refused. */
  private static Optional<String> refusal(End end, List<String> more) {
    var settings = new ArrayList<>(List.of("method.name=" + end.method()));
    // Or it would take long.
    boolean steps = end.parameter().getName().equals("steps");
    if (Methods.settings(end.method()).names().contains(steps ? "start" : "steps")) {
      settings.add(steps ? "method.start=0.02" : "method.steps=4");
    }
    settings.addAll(more);
    settings.add("method." + end.parameter().getName() + "=" + end.value());
    var drag = Drag.region(new Area.Rectangle(8, 8, 16, 16), new Area.Rectangle(24, 24, 16, 16));
    try {
      var document = Documents.set(Documents.of("a", drag), "test", settings, MaskSource.NONE);
      var picture = Picture.of(64, 64, new byte[64 * 64 * 3]);
      var edited = Editor.edit(document, picture, PIPELINE, Progress.NONE).picture();
      assertEquals(picture.width(), edited.width());
      return Optional.empty();
    } catch (EditDocumentException | IllegalArgumentException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }
}
