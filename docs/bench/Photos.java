import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;

/**
 * Photograph-like pictures with edits of them, and a judge of the results: {@code java Photos.java
 * photos DIR}, {@code java Photos.java orange FILE}, {@code java Photos.java judge ORIGINAL RESULT
 * MARGIN X,Y,WIDTH,HEIGHT,DX,DY...}.
 */
public class Photos {
  /** How far beside its target moved content is looked for, in pixels. */
  private static final int REACH = 10;

  public static void main(String[] args) throws IOException {
    switch (args[0]) {
      case "photos" -> photos(Path.of(args[1]));
      case "orange" -> ImageIO.write(stillLife(400, 300), "png", Path.of(args[1]).toFile());
      case "judge" -> judge(args);
      default -> throw new IllegalArgumentException("photos, orange or judge, got " + args[0]);
    }
  }

  /** A balloon: its middle, its radius and which of two pairs of colours it has. */
  private record Balloon(double x, double y, double radius, int colours) {
    /** A rectangle that holds it with its basket. */
    String rectangle(int dx, int dy) {
      return "{\"rectangle\": [%d, %d, %d, %d]}"
          .formatted(
              (int) (x - radius - 5) + dx,
              (int) (y - radius - 5) + dy,
              (int) (2 * radius + 10),
              (int) (2.6 * radius) + 10);
    }

    String drag(int dx, int dy) {
      return "{\"handle\": %s, \"target\": %s}".formatted(rectangle(0, 0), rectangle(dx, dy));
    }
  }

  private static void photos(Path folder) throws IOException {
    Files.createDirectories(folder);
    var large = List.of(new Balloon(420, 380, 70, 0), new Balloon(3560, 2380, 70, 1));
    jpeg(scene(4000, 3000, large), folder.resolve("large.jpg"), 1);
    document(folder, "large", "corners", large.get(0).drag(90, 30), large.get(1).drag(-80, 20));
    document(folder, "large", "5px", large.getFirst().drag(5, 0));
    document(folder, "large", "long", large.getFirst().drag(2600, 1500));
    var upright = List.of(new Balloon(200, 260, 55, 0), new Balloon(1300, 1650, 55, 1));
    // Stored lying on its side, and turned by its EXIF tag.
    jpeg(turned(scene(1500, 2000, upright)), folder.resolve("portrait.jpg"), 6);
    document(
        folder, "portrait", "corners", upright.get(0).drag(70, 20), upright.get(1).drag(-60, -20));
    document(folder, "portrait", "5px", upright.getFirst().drag(0, 5));
    var wide = List.of(new Balloon(150, 160, 50, 0), new Balloon(1830, 480, 50, 1));
    jpeg(scene(2000, 700, wide), folder.resolve("panorama.jpg"), 1);
    document(folder, "panorama", "corners", wide.get(0).drag(60, 10), wide.get(1).drag(-60, 10));
    document(folder, "panorama", "5px", wide.getFirst().drag(4, 3));
  }

  private static void document(Path folder, String photo, String name, String... drags)
      throws IOException {
    Files.writeString(
        folder.resolve(photo + "-" + name + ".json"),
        "{\"format\": \"drag-edit/2\", \"image\": {\"file\": \"%s.jpg\"}, \"drags\": [%s]}%n"
            .formatted(photo, String.join(", ", drags)));
  }

  /** Balloons in the sky over hills. */
  private static BufferedImage scene(int width, int height, List<Balloon> balloons) {
    var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    double unit = Math.max(width, height) / 8.0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        double[] rgb = landscape(x / unit, y / unit, (double) y / height);
        for (var balloon : balloons) {
          paint(rgb, balloon, x, y);
        }
        put(image, x, y, rgb, 6);
      }
    }
    return image;
  }

  private static double[] landscape(double x, double y, double down) {
    double ridge = 0.62 + 0.2 * (cloud(x * 0.7, 3, 20) - 0.5);
    if (down > ridge) {
      double field = cloud(x * 3, y * 3, 40);
      double grass = cloud(x * 20, y * 20, 60) - 0.5;
      return new double[] {
        60 + 80 * field + 40 * grass, 90 + 70 * field + 50 * grass, 45 + 40 * field + 20 * grass
      };
    }
    double[] rgb = {90 + 110 * down, 140 + 80 * down, 210 + 25 * down};
    double[] white = {245, 245, 248};
    double cover = Math.clamp((cloud(x, y * 1.6, 1) - 0.45) * 2.5, 0, 1);
    mix(rgb, white, cover);
    return rgb;
  }

  private static void paint(double[] rgb, Balloon balloon, int x, int y) {
    double dx = (x - balloon.x) / balloon.radius;
    double dy = (y - balloon.y) / balloon.radius;
    double narrow = dy > 0 ? 1 - 0.45 * dy : 1;
    double distance = dx * dx / (narrow * narrow) + dy * dy / (dy > 0 ? 1.2 : 1);
    if (distance < 1) {
      double across = dx / Math.sqrt(Math.max(1e-6, 1 - dy * dy / 1.5));
      double turn = Math.asin(Math.clamp(across, -1, 1)) / Math.PI + 0.5;
      int[][][] colours = {
        {{200, 40, 40}, {240, 220, 190}}, {{40, 80, 170}, {245, 190, 60}},
      };
      int[] colour = colours[balloon.colours][(int) Math.floor(turn * 9) & 1];
      double light = 0.55 + 0.45 * Math.max(0, -0.5 * dx - 0.5 * dy + 0.7 * Math.sqrt(1 - distance));
      double weave = 0.95 + 0.1 * cloud(dx * 30, dy * 30, 80);
      for (int c = 0; c < 3; c++) {
        rgb[c] = colour[c] * light * weave;
      }
    }
    if (Math.abs(dx) < 0.14 && Math.abs(dy - 1.35) < 0.12) {
      double wicker = 0.8 + 0.4 * ((x / 2 + y / 2) & 1);
      rgb[0] = 120 * wicker;
      rgb[1] = 80 * wicker;
      rgb[2] = 45 * wicker;
    }
  }

  /** An orange on a table, in soft light from the left. */
  private static BufferedImage stillLife(int width, int height) {
    var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    double middleX = 0.36 * width;
    double middleY = 0.56 * height;
    double radius = 0.15 * height;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        double down = (double) y / height;
        double across = (double) x / width;
        double wall = 8 * (cloud(across * 3, down * 3, 5) - 0.5);
        double[] rgb = {236 - 10 * across + wall, 232 - 8 * across + wall, 236 - 2 * across + wall};
        double wood = cloud(across * 4 + 0.4 * cloud(across * 3, down * 8, 30), down * 60, 12) - 0.5;
        double near = down - 0.6;
        double[] table = {
          214 + 22 * wood - 20 * near, 196 + 24 * wood - 24 * near, 178 + 24 * wood - 30 * near
        };
        mix(rgb, table, Math.clamp(near * 16, 0, 1));
        double shadowX = (x - middleX - 0.25 * radius) / (1.25 * radius);
        double shadowY = (y - middleY - 0.93 * radius) / (0.28 * radius);
        double shade =
            1 - 0.42 * Math.exp(-Math.pow(shadowX * shadowX + shadowY * shadowY, 1.1));
        for (int c = 0; c < 3; c++) {
          rgb[c] *= shade;
        }
        fruit(rgb, (x + 0.5 - middleX) / radius, (y + 0.5 - middleY) / radius, radius);
        put(image, x, y, rgb, 5);
      }
    }
    return image;
  }

  private static void fruit(double[] rgb, double dx, double dy, double radius) {
    double distance = dx * dx + dy * dy;
    if (distance < 1.02) {
      double z = Math.sqrt(Math.max(0, 1 - distance));
      double bump = cloud(dx * 9 + 40, dy * 9, 70) - 0.5;
      double light = 0.42 + 0.62 * Math.max(0, -0.52 * dx - 0.55 * dy + 0.65 * z + 0.16 * bump);
      double gloss = 90 * Math.pow(Math.max(0, -0.38 * dx - 0.42 * dy + 0.82 * z), 34);
      double[] peel = {246 * light + gloss, 146 * light + gloss, 42 * light + gloss};
      mix(rgb, peel, Math.clamp((1.02 - distance) * radius / 2, 0, 1));
    }
  }

  private static void mix(double[] rgb, double[] other, double share) {
    for (int c = 0; c < 3; c++) {
      rgb[c] += share * (other[c] - rgb[c]);
    }
  }

  private static void put(BufferedImage image, int x, int y, double[] rgb, double grain) {
    double noise = (random(x, y, 99) - 0.5) * grain;
    int packed = 0;
    for (double level : rgb) {
      packed = packed << 8 | (int) Math.clamp(Math.round(level + noise), 0L, 255L);
    }
    image.setRGB(x, y, packed);
  }

  /** Seven octaves of smooth noise, 0 to 1. */
  private static double cloud(double x, double y, int seed) {
    double value = 0;
    double share = 0.5;
    double scale = 1;
    for (int octave = 0; octave < 7; octave++) {
      value += share * noise(x * scale, y * scale, seed + octave);
      scale *= 2.03;
      share /= 2;
    }
    return value;
  }

  private static double noise(double x, double y, int seed) {
    int column = (int) Math.floor(x);
    int row = (int) Math.floor(y);
    double right = smooth(x - column);
    double down = smooth(y - row);
    double above = lerp(random(column, row, seed), random(column + 1, row, seed), right);
    double below = lerp(random(column, row + 1, seed), random(column + 1, row + 1, seed), right);
    return lerp(above, below, down);
  }

  private static double smooth(double t) {
    return t * t * (3 - 2 * t);
  }

  private static double lerp(double a, double b, double t) {
    return a + (b - a) * t;
  }

  private static double random(int x, int y, int seed) {
    long hash = x * 374761393L + y * 668265263L + seed * 1442695040888963407L;
    hash = (hash ^ hash >>> 13) * 1274126177L;
    return ((hash ^ hash >>> 16) & 0xffffff) / (double) 0x1000000;
  }

  private static BufferedImage turned(BufferedImage upright) {
    int width = upright.getWidth();
    int height = upright.getHeight();
    var lying = new BufferedImage(height, width, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        lying.setRGB(y, width - 1 - x, upright.getRGB(x, y));
      }
    }
    return lying;
  }

  private static void jpeg(BufferedImage image, Path file, int orientation) throws IOException {
    var bytes = new ByteArrayOutputStream();
    var writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    try (var out = ImageIO.createImageOutputStream(bytes)) {
      var parameters = writer.getDefaultWriteParam();
      parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      parameters.setCompressionQuality(0.95f);
      writer.setOutput(out);
      writer.write(null, new IIOImage(image, null, null), parameters);
    } finally {
      writer.dispose();
    }
    byte[] plain = bytes.toByteArray();
    byte[] tag = {
      (byte) 0xff, (byte) 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
      1, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte) orientation, 0, 0, 0, 0, 0, 0
    };
    try (var out = Files.newOutputStream(file)) {
      out.write(plain, 0, 2);
      out.write(tag);
      out.write(plain, 2, plain.length - 2);
    }
  }

  /** Says what changed outside, and how far moved content is from the original's, moved. */
  private static void judge(String[] args) throws IOException {
    var edited = ImageIO.read(Path.of(args[2]).toFile());
    var original = ImageIO.read(Path.of(args[1]).toFile());
    if (original.getWidth() != edited.getWidth()) {
      original = turned(turned(turned(original)));
    }
    int margin = (int) Math.round(Double.parseDouble(args[3])) + 1;
    int width = edited.getWidth();
    boolean[] inside = new boolean[width * edited.getHeight()];
    var lines = new ArrayList<String>();
    for (var text : Arrays.asList(args).subList(4, args.length)) {
      int[] n = Arrays.stream(text.split(",")).mapToInt(Integer::parseInt).toArray();
      for (int[] at : new int[][] {{n[0], n[1]}, {n[0] + n[4], n[1] + n[5]}}) {
        for (int y = Math.max(0, at[1] - margin); y < at[1] + n[3] + margin; y++) {
          int from = Math.max(0, at[0] - margin);
          int to = Math.min(width, at[0] + n[2] + margin);
          if (y < edited.getHeight()) {
            Arrays.fill(inside, y * width + from, y * width + to, true);
          }
        }
      }
      lines.add(found(original, edited, n));
    }
    int changed = 0;
    int outside = 0;
    for (int at = 0; at < inside.length; at++) {
      if (original.getRGB(at % width, at / width) != edited.getRGB(at % width, at / width)) {
        changed++;
        outside += inside[at] ? 0 : 1;
      }
    }
    System.out.println("changed " + changed + " pixels, " + outside + " of them outside");
    lines.forEach(System.out::println);
  }

  private static String found(BufferedImage original, BufferedImage edited, int[] n) {
    double least = Double.MAX_VALUE;
    int[] best = new int[2];
    for (int y = -REACH; y <= REACH; y++) {
      for (int x = -REACH; x <= REACH; x++) {
        double difference = difference(original, edited, n, n[4] + x, n[5] + y, REACH);
        if (difference < least) {
          least = difference;
          best = new int[] {x, y};
        }
      }
    }
    return "%s: mean error %.2f levels, unmoved %.2f; nearest %d, %d pixels beside the target"
        .formatted(
            Arrays.toString(n),
            difference(original, edited, n, n[4], n[5], 0),
            difference(original, original, n, n[4], n[5], 0),
            best[0],
            best[1]);
  }

  /** Mean difference of a rectangle from another picture's, moved; without a rim. */
  private static double difference(
      BufferedImage original, BufferedImage edited, int[] n, int dx, int dy, int rim) {
    double sum = 0;
    int count = 0;
    for (int y = n[1] + rim; y < n[1] + n[3] - rim; y++) {
      for (int x = n[0] + rim; x < n[0] + n[2] - rim; x++) {
        int a = original.getRGB(x, y);
        int b = edited.getRGB(x + dx, y + dy);
        for (int shift = 0; shift < 24; shift += 8) {
          sum += Math.abs((a >> shift & 0xff) - (b >> shift & 0xff));
          count++;
        }
      }
    }
    return sum / count;
  }
}
